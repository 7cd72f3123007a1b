import type { System } from './system.ts';

/** `settings.txt`, a copy of the experiment's file. */
export function settingsTxt(): string {
  return `
# Settings of the experiment's DAQ.
# $HOME/run_records has to exist.

log_directory: /daq/log
record_directory: $HOME/run_records
package_hashes_to_save: [ artdaq-demo, artdaq, sbndaq ]
max_configurations_to_list: 20
boardreader timeout: 600
eventbuilder timeout: 45
use_messageviewer: true

#max_fragment_size_bytes: 0x989680
advanced_memory_usage: true
all_events_to_all_dispatchers: false #true
transfer_plugin_to_use: TCPSocket

boardreader_priorities_on_start: crt.* mbb02 wib.* tpc.* ptb01.* pmt.* .*
boardreader_priorities_on_stop: ptb01.* tpc.* wib.* mbb02 .*
`;
}

/** `setup.txt`: the script that sets up the DAQ software on every host. */
export function setupTxt({ era, area }: System): string {
  return `#!/usr/bin/env bash
# Sets up the DAQ software of ${era}; sourced on every host that runs a process.
EXP_QUALS="e26:prof:s131"   # compiler:build:set
export LC_ALL='en_US.UTF-8'

here=$(realpath "$(dirname "\${BASH_SOURCE[0]}")")
for p in artdaq \\
         artdaq_core; do
\tv=$(echo "$1" | sed -r 's/^v([0-9]+)_([0-9]+)_/\\1.\\2./')
\tprintf 'setting up %s %s\\n' "$p" "$v"
done
setup exp_daq -q "\${EXP_QUALS}" || { echo "setup failed in ${area}" >&2; return 1; }
if [[ "$(hostname -s)" =~ ^daq-evb[0-9]{2}$ ]]; then
\ttonM -N 'EventBuilder*' "0-$((7+2))"
fi
cat <<'EOT' > /dev/null
a here-document: "quotes", 'apostrophes', \\backslashes\\ and $dollars
EOT
`;
}

/** `environment.txt`: the variables of DAQInterface, sorted. */
export function environmentTxt({ area, partition }: System): string {
  const variables = {
    FHICL_DIRECTORY: 'IGNORED',
    KNOWN_BOARDREADERS_LIST: `${area}/known_boardreaders_list`,
    LOGDIR: '/daq/log',
    PARTITION_NUMBER: partition,
    PORT: 10_000 + 1000 * partition,
    PROCESS_MANAGEMENT_METHOD: 'direct',
    SETTINGS: `${area}/user_settings`,
    TTY: 'pts/3',
    USER_SOURCEFILE_ERRNO: 0,
    VERSION: 'v3_13_00',
  };
  const lines = Object.entries(variables).map(([name, value]) => `export DAQINTERFACE_${name}=${value}`);
  return `${lines.join('\n')}\n`;
}
