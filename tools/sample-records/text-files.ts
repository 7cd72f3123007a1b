import { type Random, randomFrom } from './random.ts';
import type { Process, System } from './system.ts';

/** `metadata.txt` as DAQInterface of the system's era writes it, start and stop included. */
export function metadataTxt(system: System, seed: string): string {
  const random = randomFrom(seed, system.run, 'metadata');
  const labels = system.processes.filter((p) => p.type === 'BoardReader').map((p) => p.label);
  const host = system.era >= '2019-10-16' ? 'daq-gateway01.example.org:' : '';
  return [
    `Config name: ${system.config}`,
    ...labels.sort().map((label, i) => `Component #${i}: ${label}`),
    `DAQInterface directory: ${host}${system.area}`,
    ...(host === ''
      ? []
      : [`DAQInterface logfile: ${host}/daq/log/DAQInterface_partition${system.partition}.log`]),
    ...provenance(system, random),
    ...logfiles(system),
    ...times(system, random),
    '',
  ].join('\n');
}

const PACKAGES = ['artdaq', 'artdaq-demo', 'sbndaq'];

const MESSAGES = [
  'JK: retry 3x; see e-log 6278',
  'Merge branch feature/9793 into develop',
  'fix race in request receiver (issue #117)...',
] as const;

function provenance({ era, start }: System, random: Random): string[] {
  if (era < '2018-09-20') {
    return ['DAQInterface', ...PACKAGES].map((name) => `${name} commit: ${random.hex(40)}`);
  }
  if (era < '2019-07') {
    const packages = PACKAGES.map(
      (name) => `${name} commit/version: ${random.hex(40)} "${random.pick(MESSAGES)}"`,
    );
    return ['DAQInterface commit: 1.0', ...packages];
  }
  const date = start.toISOString().slice(0, 10);
  const lineOf = (name: string) => {
    const clone = `${random.hex(40)} 0 ${random.int(0, 9)} "${random.pick(MESSAGES)}" "${date}" "develop"`;
    const version = `v${random.int(1, 3)}_${random.int(10, 13)}_00`;
    return `${name} commit/version: ${random.chance(0.7) ? clone : version} "${date}" "${version}"`;
  };
  return [
    '',
    '# Where the code came from: either',
    '# <commit> <lines removed> <lines added> <message> <date> <branch> <build date> <build version>',
    '# or <version> <build date> <build version>',
    '',
    ...['DAQInterface', ...PACKAGES].flatMap((name) => [lineOf(name), '']),
    '',
    'process management method: direct',
  ];
}

function logfiles(system: System): string[] {
  const { era } = system;
  const sections = kindsOf(era).map((kind) => {
    const members = system.processes.filter((process) => process.type.toLowerCase() === kind);
    return ['', `${kind} logfiles: `, ...members.map((process) => logfile(process, system))];
  });
  const launcher =
    era < '2018-12'
      ? ['pmt logfile(s): daq-gateway01.example.org:/daq/log/pmt/pmt-*.log']
      : [
          'process manager logfiles: ',
          `/daq/log/pmt/launch_attempt_exp_partition${system.partition}_${stampOf(system)}`,
        ];
  return ['', '', ...launcher, ...sections.flat()];
}

function kindsOf(era: string): string[] {
  if (era < '2018') return ['boardreader', 'eventbuilder', 'aggregator'];
  if (era < '2019-01-16') return ['boardreader', 'eventbuilder', 'routingmaster', 'aggregator'];
  const routing = era < '2020-07-16' ? 'routingmaster' : 'routingmanager';
  return ['boardreader', 'eventbuilder', 'datalogger', 'dispatcher', routing];
}

function logfile({ label, host, port, rank }: Process, system: System): string {
  const name = `${label}-${host.split('.')[0]}-${port}`;
  return `${host}:/daq/log/${name}/${name}-${stampOf(system)}-${20_000 + 7 * rank}.log`;
}

function stampOf({ start }: System): string {
  return start.toISOString().replace(/\D/g, '').slice(0, 14);
}

function times({ era, start, stop }: System, random: Random): string[] {
  const prefix = era < '2019-04-01' ? '' : 'DAQInterface ';
  const line = (what: string, date: Date) => {
    const key = `${prefix}${what} time`;
    return ['', `${prefix === '' ? key[0]?.toUpperCase() + key.slice(1) : key}: ${utcText(date, era)}`];
  };
  return [
    ...line('start', start),
    ...(stop === undefined ? [] : line('stop', stop)),
    ...(stop !== undefined && era < '2018-04' ? ['', `Total events: ${random.int(10, 999_999)}`] : []),
  ];
}

/** As `date --utc` prints it: in the C locale, and since 2020 in en_US. */
function utcText(date: Date, era: string): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = date
    .toUTCString()
    .replace(',', '')
    .split(' ');
  if (era < '2020') return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`;
  const hours = date.getUTCHours();
  const clock = `${String(hours % 12 || 12).padStart(2, '0')}${time.slice(2)} ${hours < 12 ? 'AM' : 'PM'}`;
  return `${weekday} ${day} ${month} ${year} ${clock} UTC`;
}

/** `boot.txt`, which before September 2017 was `config.txt` and had no labels. Board readers are not in it. */
export function bootTxt(system: System): string {
  const labels = system.era >= '2018-04-27';
  const blocks = system.processes
    .filter((process) => process.type !== 'BoardReader')
    .flatMap(({ type, host, port, label }) => [
      `${type} host: ${host}`,
      ...(labels ? [`${type} label: ${label}`] : []),
      ...(labels && type === 'EventBuilder' ? [] : [`${type} port: ${port}`]),
      '',
    ]);
  return [
    labels ? `DAQ setup script: ${system.area}/setup_exp_artdaq.sh` : 'DAQ directory: /home/exp/artdaq-demo',
    '',
    'PMT host: daq-gateway01.example.org',
    ...(labels ? [] : ['PMT port: 5400']),
    '',
    '# verbosity: 0 (quiet) to 4',
    'debug level: 2',
    ...(labels ? ['#manage processes: false', '', 'Subsystem id: 1'] : []),
    '',
    ...blocks,
  ].join('\n');
}

/** `known_boardreaders_list.txt`: what the experiment could read out, used in this run or not. */
export function knownBoardreadersTxt(system: System, seed: string): string {
  const random = randomFrom(seed, system.run, 'known');
  const forms = [
    ({ label, host }: Process) => `${label} ${host} -1 1`,
    ({ label, host }: Process) => `${label} ${host} -1 1 0-15`,
    ({ label, host }: Process) => `${label}\t${host} `,
    ({ label, host }: Process) => `${label} ${host} -1 1 0-15 "/bin/env LD_LIBRARY_PATH=$LD_LIBRARY_PATH "`,
  ] as const;
  const readers = system.processes.filter((process) => process.type === 'BoardReader');
  return [
    '# name host [port [subsystem [processors ["command to prepend"]]]]',
    ...readers.map((process) => random.pick(forms)(process)),
    '#spare01 daq-spare01.example.org -1 1',
    ...[1, 2, 3].map((n) => `simulated0${n} localhost`),
    '',
  ].join('\n');
}

/** `ranks.txt`: four columns until October 2019, five since. */
export function ranksTxt(system: System): string {
  const columns = [30, 10, 20, 15, 10];
  const padded = (cells: readonly (string | number)[]) =>
    cells.map((cell, i) => String(cell).padEnd((columns[i] ?? 0) - 1)).join(' ');
  if (system.era < '2019-10-07') {
    const rows = system.processes.map(({ host, port, label, rank }) => [host, port, label, rank].join('\t'));
    return `        host   port         label  rank\n\n${rows.join('\n')}\n`;
  }
  const rows = system.processes.map(({ host, port, label, rank }) => padded([host, port, label, 1, rank]));
  return `${padded(['host', 'port', 'label', 'subsystem', 'rank'])} \n\n${rows.join('\n')}\n`;
}

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
