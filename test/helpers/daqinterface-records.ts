/** What stands in a record, whatever writes it. */
export interface RecordContent {
  readonly config: readonly string[];
  readonly labels: readonly string[];
  readonly host: string;
  readonly logfile: string;
  readonly message: string;
  /** What `<package>_commit_info.txt` has behind its last character, if there is such a file: line ends, or more text. */
  readonly commitInfoEnd: string;
  readonly buildInfo: string;
  /** Lines of the experiment's own boot, settings and set-up files, and of its environment. */
  readonly bootLines: readonly string[];
  readonly settings: readonly string[];
  readonly setup: readonly string[];
  readonly environment: readonly string[];
  readonly isStopped: boolean;
}

/** Since when DAQInterface writes records otherwise than before (git log of its save_run_record.py). */
export const AGES = [
  '2016-12-01',
  '2017-01-17',
  '2017-09-17',
  '2018-04-27',
  '2018-06-20',
  '2018-09-10',
  '2018-09-20',
  '2018-12-10',
  '2019-01-16',
  '2019-03-06',
  '2019-04-01',
  '2019-07-09',
  '2019-10-07',
  '2019-10-16',
  '2020-07-16',
  '2023-08-01',
] as const;

type Files = Readonly<Record<string, string>>;

/** The files of a run record as DAQInterface of an age writes them. */
export function recordOf(age: string, content: RecordContent): Files {
  const files: Record<string, string> = { 'metadata.txt': metadata(age, content) };
  files[age < '2017-09-17' ? 'config.txt' : 'boot.txt'] = boot(age, content);
  if (age >= '2017-09-17') files['setup.txt'] = lines(content.setup);
  if (age >= '2018-06-20') files['known_boardreaders_list.txt'] = boardreaders(content);
  if (age >= '2018-09-10') files['ranks.txt'] = ranks(age, content);
  if (age >= '2018-09-10' && age < '2018-09-20') files['rc_info.txt'] = 'shifter: someone\n';
  if (age >= '2019-03-06') files['settings.txt'] = lines(content.settings);
  if (age >= '2019-10-16') {
    files['environment.txt'] = content.environment.map((line) => `export DAQINTERFACE_${line}\n`).join('');
    files['rc_info_start.txt'] = 'comment: cosmics\n';
  }
  const nameOf = (label: string) => (age < '2018-04-27' ? `BoardReaderMain_${label}_5200` : label);
  for (const label of content.labels) files[`${nameOf(label)}.fcl`] = `daq: {\n   label: "${label}"\n}\n`;
  return files;
}

const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join('');

const routingOf = (age: string) => (age < '2020-07-16' ? 'RoutingMaster' : 'RoutingManager');

function metadata(age: string, content: RecordContent): string {
  const { config, labels, host, logfile, isStopped } = content;
  const place = age < '2019-10-16' ? '' : `${host}:`;
  return [
    `Config name: ${config.join(' ')}\n`,
    ...labels.toSorted().map((label, index) => `Component #${index}: ${label}\n`),
    ...(age < '2017-09-17' ? [] : [`DAQInterface directory: ${place}/home/daq\n`]),
    ...(age < '2019-10-16' ? [] : [`DAQInterface logfile: ${place}/daq/log/di.log\n`]),
    ...provenance(age, content),
    ...(age < '2018-12-10'
      ? ['\n', `\npmt logfile(s): ${host}:/daq/log/pmt/pmt-*.log`]
      : ['\nprocess management method: direct\n', '\n', '\nprocess manager logfiles: ', `\n${logfile}`]),
    ...kindsOf(age).flatMap((kind, index) => [
      '\n',
      `\n${kind} logfiles: `,
      ...(index % 2 === 0 ? labels.map((label) => `\n${host}:/daq/log/${label}-5200.log`) : []),
    ]),
    '\n',
    ...times(age, isStopped),
  ].join('');
}

function kindsOf(age: string): string[] {
  if (age < '2019-01-16') return ['boardreader', 'eventbuilder', 'routingmaster', 'aggregator'];
  return ['boardreader', 'eventbuilder', 'datalogger', 'dispatcher', routingOf(age).toLowerCase()];
}

function provenance(age: string, { message, commitInfoEnd, buildInfo }: RecordContent): string[] {
  const hash = 'ab12'.repeat(10);
  const packages = ['artdaq', 'sbndaq-artdaq'];
  if (age < '2018-09-20') {
    const names = age < '2017-01-17' ? packages : ['DAQInterface', ...packages];
    return names.map((name) => `${name} commit: ${hash}\n`);
  }
  if (age < '2019-07-09') {
    const own = age < '2018-12-10' ? `DAQInterface commit: 1.0\n` : 'DAQInterface commit/version: v3_03_01\n';
    return [own, ...packages.map((name) => `${name} commit/version: ${hash} "${message}"\n`)];
  }
  const comment = '# Two possible sets of fields provided below for code info';
  const commit = (name: string) =>
    `${name} commit/version: ${hash} 0 3 "${message}" "Tue Jul 9 15:41:22 2019" "develop"`;
  return [
    `\n${comment}: \n# <git commit hash> <git commit comment>\n# <package version>\n\n`,
    `${commit('DAQInterface')} ${buildInfo}\n\n`,
    `${commit('artdaq')}${commitInfoEnd} ${buildInfo}\n\n`,
    `sbndaq-artdaq commit/version: v1_10_00${commitInfoEnd} ${buildInfo}\n\n`,
  ];
}

function times(age: string, isStopped: boolean): string[] {
  if (age < '2017-01-17') return [];
  const key =
    age < '2019-04-01' ? ['Start time', 'Stop time'] : ['DAQInterface start time', 'DAQInterface stop time'];
  const events = age < '2018-04-27' ? ['Total events: 12345'] : [];
  const stop = isStopped ? [...events, `${key[1]}: Thu Oct 24 03:30:00 PM UTC 2024`] : [];
  return [`${key[0]}: Thu Oct 24 15:30:00 UTC 2024`, ...stop].map((line) => `\n${line}\n`);
}

function boot(age: string, { labels, host, bootLines }: RecordContent): string {
  const last = age < '2019-01-16' ? 'Aggregator' : 'DataLogger';
  const types = ['EventBuilder', last, routingOf(age)];
  const process = (type: string, index: number) => [
    `${type} host: ${host}`,
    `${type} port: ${5200 + index}`,
    ...(age < '2018-04-27' ? [] : [`${type} label: ${type}${labels.length}`]),
    ...(age < '2019-10-07' ? [] : [`${type} subsystem: ${index}`, `${type} allowed_processors: 0-15`]),
    ...(age < '2020-07-16' ? [] : [`${type} prepend: "numactl -N ${index}"`, `${type} target: local`]),
    '',
  ];
  const subsystem = (index: number) => [
    `Subsystem id: ${index}`,
    `Subsystem source: ${index + 1}`,
    `Subsystem source: ${index + 2}`,
    `Subsystem destination: ${index}`,
    ...(age < '2023-08-01' ? [] : ['Subsystem fragmentMode: False']),
    '',
  ];
  return lines([
    '# a remark',
    `DAQ setup script: /home/daq/setup.sh`,
    `PMT host: ${host}`,
    'debug level: 1',
    ...bootLines,
    '',
    ...types.flatMap(process),
    ...(age < '2019-10-07' ? [] : [1, 5].flatMap(subsystem)),
  ]);
}

function boardreaders({ labels, host }: RecordContent): string {
  const rows = labels.map((label, index) => `${label} ${host} -1 ${index} 0-3 "numactl -m $NODE${index} "`);
  return lines(['# label host port', ...rows, `${labels[0]}\t${host}  `]);
}

function ranks(age: string, { labels, host }: RecordContent): string {
  if (age < '2019-10-07') {
    const rows = labels.map((label, rank) => `${host}\t${5200 + rank}\t${label}\t${rank}`);
    return lines(['        host   port         label  rank', '', ...rows]);
  }
  const padded = (fields: readonly string[]) =>
    fields.map((field, column) => field.padEnd([29, 9, 19, 14, 9][column] ?? 0)).join(' ');
  const rows = labels.map((label, rank) => padded([host, String(5200 + rank), label, '1', String(rank)]));
  return lines([padded(['host', 'port', 'label', 'subsystem', 'rank']), '', ...rows]);
}
