import { randomFrom } from './random.ts';
import type { Process, System } from './system.ts';

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
