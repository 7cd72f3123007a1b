import type { RunNumber } from '../../src/runs/run-number.ts';
import { type Random, randomFrom } from './random.ts';

/** Versions of DAQInterface that differ in what they record; each with the date of its code. */
const ERAS = {
  '2017': '2017-03-01',
  '2018': '2018-10-01',
  '2019': '2019-08-01',
  '2020': '2020-09-01',
  '2024': '2024-10-16',
} as const;

/** A version of DAQInterface, named after its year. */
export type EraName = keyof typeof ERAS;

/** Oldest first. */
export const ERA_NAMES = ['2017', '2018', '2019', '2020', '2024'] as const satisfies readonly EraName[];

/** The type of a process, as boot.txt and the names of its files have it. */
export type ProcessType =
  | 'BoardReader'
  | 'EventBuilder'
  | 'Aggregator'
  | 'Dispatcher'
  | 'RoutingMaster'
  | 'RoutingManager';

/** A process of the data acquisition. */
export interface Process {
  readonly type: ProcessType;
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly rank: number;
}

/** How many processes there are, and how many bytes their record should have. */
export interface SystemSize {
  readonly readers: number;
  readonly builders: number;
  readonly dispatchers: number;
  readonly bytes: number;
}

const SMALL: SystemSize = { readers: 2, builders: 1, dispatchers: 1, bytes: 28_000 };
const SBND: SystemSize = { readers: 48, builders: 16, dispatchers: 2, bytes: 1_300_000 };

/** The most that a record is made of, with its text files below 300 files. */
const MOST_PROCESSES = 290;

/**
 * @param size `small` (11 files, 30 kB), `sbnd` (74 files, 1.3 MB) or a number of bytes to aim at
 * @returns undefined if the text is none of these
 */
export function parseSize(size: string): SystemSize | undefined {
  if (size === 'small') return SMALL;
  if (size === 'sbnd') return SBND;
  const bytes = Number(size);
  if (!/^[1-9]\d*$/.test(size) || bytes > 100e6) return undefined;
  const processes = Math.min(MOST_PROCESSES, Math.max(4, Math.round((bytes * 67) / SBND.bytes)));
  const builders = Math.max(1, Math.round(processes / 4));
  const dispatchers = processes > 20 ? 2 : 1;
  return { readers: processes - builders - dispatchers - 1, builders, dispatchers, bytes };
}

/** A run's data acquisition system. */
export interface System {
  readonly run: RunNumber;
  /** ISO date of the DAQInterface code. */
  readonly era: string;
  readonly config: string;
  readonly partition: number;
  readonly area: string;
  readonly processes: readonly Process[];
  readonly start: Date;
  /** Absent if the run crashed. */
  readonly stop?: Date;
}

const READER_KINDS = ['tpc', 'pmt', 'crttop', 'crtside', 'wib', 'ptb', 'ntb', 'spectdc'] as const;
/** Of 48 readers: eleven TPC crates, nine of photomultipliers, and so on. */
const READER_SHARES = [11, 9, 4, 4, 16, 1, 1, 2] as const;

const CONFIGS = [
  'Majority_COMMON_MPAW_Thr400-00013',
  'PMTlaser00005',
  'testEastTPCandCRTnoise-prescale10-',
  'physics_TPC PMT_CRT-00037',
  'standard00036',
] as const;

/**
 * Lays out the system of a run.
 * @param era of DAQInterface
 * @param size number of processes; the bytes are not used here
 */
export function systemOf(run: RunNumber, era: EraName, size: SystemSize, seed: string): System {
  const random = randomFrom(seed, run, 'system');
  const date = ERAS[era];
  const start = new Date(
    Date.parse(`${date}T04:00:00Z`) + (run % 5000) * 3_600_000 + random.int(0, 3_599_000),
  );
  const partition = random.int(1, 3);
  return {
    run,
    era: date,
    config: random.pick(CONFIGS),
    partition,
    area: `/home/nfs/exp/DAQ_DevAreas/DAQ_${date}_v1/DAQInterface`,
    processes: processesOf(date, partition, size, random),
    start,
    ...(random.chance(0.96) && { stop: new Date(start.getTime() + random.int(60_000, 3_000_000)) }),
  };
}

function processesOf(era: string, partition: number, size: SystemSize, random: Random): Process[] {
  const two = (n: number) => String(n).padStart(2, '0');
  const builderHost = (i: number) => `daq-evb${two(1 + (i % 8))}.example.org`;
  const readers = readerLabels(size.readers).map((label) => {
    const host = `daq-${label.replace(/\d+$/, '')}${two(random.int(1, 4))}.example.org`;
    return { type: 'BoardReader' as const, label, host };
  });
  const several = (type: ProcessType, count: number) =>
    Array.from({ length: count }, (_, i) => ({ type, label: `${type}${i + 1}`, host: builderHost(i) }));
  const routing = era >= '2020-07-16' ? 'RoutingManager' : 'RoutingMaster';
  const all = [
    ...readers,
    ...several('EventBuilder', size.builders),
    ...several(era >= '2019-01-16' ? 'Dispatcher' : 'Aggregator', size.dispatchers),
    ...several(routing, era >= '2018' && size.builders > 1 ? 1 : 0),
  ];
  return all.map((process, rank) => ({ ...process, rank, port: 10_000 + 1000 * partition + 100 + rank }));
}

function readerLabels(count: number): string[] {
  const total = READER_SHARES.reduce((sum, share) => sum + share, 0);
  const labels = READER_KINDS.flatMap((kind, i) => {
    const ofKind = Math.ceil(((READER_SHARES[i] ?? 0) * count) / total);
    return Array.from({ length: ofKind }, (_, n) => `${kind}${String(n + 1).padStart(2, '0')}`);
  });
  return labels.slice(0, count).sort();
}
