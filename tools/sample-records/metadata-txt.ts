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
