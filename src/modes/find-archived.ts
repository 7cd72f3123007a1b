import pLimit from 'p-limit';
import type { RunRequest } from '../cli/cli.ts';
import type { Selection } from '../cli/given-flags.ts';
import { ArchiverError } from '../errors.ts';
import { isMatch } from '../records/compare.ts';
import { waitsForStopTime } from '../records/run-times.ts';
import { type ComparedRun, recordDifferences } from '../report/verification.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { toRanges } from '../runs/run-set.ts';
import { formatJson } from '../shown-text.ts';
import { isSameRecord } from '../stages/record-comparison.ts';
import { compareRun, recordComparison } from './compare-run.ts';
import type { Execution } from './mode.ts';
import { type RunStandings, runStandings } from './run-standings.ts';

/** Which run directories are looked at, and which of them count. */
export interface ArchivedRequest extends RunRequest, Selection {
  readonly mode: 'list-archived';
  readonly json: boolean;
  /** Leaves out directories that were changed within so many days. */
  readonly olderThanDays: number | undefined;
  /** Names of files that may be lost, with `*` for any characters. */
  readonly expendable: readonly string[];
}

/** Raised when a member of the JSON document changes its meaning or is removed. */
const VERSION = 1;
const HOURS = 24;
const DAY_MS = HOURS * 60 * 60 * 1000;

/** What was found of a run directory: `reason`: why it is still needed; undefined if it is not. */
interface Finding {
  readonly run: RunNumber;
  readonly reason: string | undefined;
  /** Could it not be compared? */
  readonly isUnknown: boolean;
}

/**
 * Prints the runs whose directories may be removed: an import of the directory would store now what artdaqDB holds, and its blob in
 * UconDB is equal. Changes nothing.
 * @returns true if all that had to be compared could be
 * @throws ArchiverError if a place can't be listed, or a record in the work directory can't be read
 */
export async function listArchived(request: ArchivedRequest, execution: Execution): Promise<boolean> {
  const { site, logger, shutdown, print } = execution;
  execution.enter('List of archived runs');
  const standings = await runStandings(execution);
  const records = await recordComparison(site);
  const directories = (await site.records.listRuns()).filter((run) => request.runs?.has(run) ?? true);
  const findings: Finding[] = [];
  const found = (run: RunNumber, reason: string | undefined, isUnknown = false): void => {
    findings.push({ run, reason, isUnknown });
    if (reason !== undefined) logger.child({ run }).debug(`Run ${run} is still needed: ${reason}`);
  };
  const candidates: RunNumber[] = [];
  for (const run of directories) {
    const reason = standingReason(run, standings);
    if (reason === undefined) candidates.push(run);
    else found(run, reason);
  }
  const chosen = candidates.slice(0, request.limit);
  let left = candidates.length - chosen.length;
  logger.info(`Comparing ${chosen.length} of ${directories.length} run directories with artdaqDB and UconDB`);
  const age = new Age(request.olderThanDays, execution);
  await pLimit(site.config.app.parallelWorkers).map(chosen, async (run) => {
    if (shutdown.aborted) {
      left++;
      return;
    }
    try {
      const tooYoung = await age.reasonAgainst(run);
      if (tooYoung !== undefined) return found(run, tooYoung);
      const compared = await compareRun(run, execution, records);
      if ('error' in compared) return found(run, `it could not be compared: ${compared.error}`, true);
      found(run, differenceReason(compared, request) ?? (await age.stopTimeReason(run, compared)));
    } catch (error) {
      if (!(error instanceof ArchiverError)) throw error;
      found(run, `it could not be looked at: ${error.message}`, true);
    }
  });
  findings.sort((one, other) => byRunNumber(one.run, other.run));
  const archived = findings.filter(({ reason }) => reason === undefined).map(({ run }) => run);
  logger.info(
    `${archived.length} run directories are wholly in both archives, ${findings.length - archived.length} are still needed` +
      (left === 0 ? '' : `, ${left} were not compared`),
  );
  const unknown = findings.filter(({ isUnknown }) => isUnknown);
  for (const { run, reason } of unknown) logger.child({ run }).error(`✗ Run ${run}: ${reason}`);
  print(request.json ? archivedJson(archived, findings, left) : archived.map((run) => `${run}\n`).join(''));
  return unknown.length === 0;
}

/** Why a run is not archived to its end, by what the archiver knows of it. */
function standingReason(run: RunNumber, standings: RunStandings): string | undefined {
  if (standings.givenUp.has(run)) return 'it was given up, and never archived';
  const { import: imported, migrate } = standings.of(run);
  if (imported.was !== 'archived') return `it is not in artdaqDB (${imported.was})`;
  if (migrate.was !== 'archived')
    return `it is not in UconDB, or not found equal since its upload (${migrate.was})`;
  return undefined;
}

/** Why a run directory is not wholly archived, by comparison. */
function differenceReason(compared: ComparedRun, { expendable }: ArchivedRequest): string | undefined {
  if (!isMatch(compared)) return 'artdaqDB and UconDB differ; --verify says where';
  const { record } = compared;
  if (record?.is === 'copying') return `it is still being copied: ${record.why}`;
  if (record?.is !== 'compared') return 'the directory has gone';
  if (!isSameRecord(record))
    return `artdaqDB does not hold what the directory holds: ${recordDifferences(record).join('; ')}`;
  const lost = record.aside.filter((path) => !isExpendable(path, expendable));
  return lost.length === 0 ? undefined : `no archive has these files of it: ${lost.join(', ')}`;
}

function isExpendable(path: string, patterns: readonly string[]): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return patterns.some((pattern) => {
    const texts = pattern.split('*').map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${texts.join('.*')}$`, 's').test(name);
  });
}

/** How old run directories are. */
class Age {
  readonly #days: number | undefined;
  readonly #execution: Execution;

  constructor(days: number | undefined, execution: Execution) {
    this.#days = days;
    this.#execution = execution;
  }

  async reasonAgainst(run: RunNumber): Promise<string | undefined> {
    if (this.#days === undefined) return undefined;
    const { records, now } = this.#execution.site;
    const { modified } = await records.glance(run);
    const days = (now().getTime() - modified) / DAY_MS;
    return days >= this.#days ? undefined : `it was changed ${Math.max(0, Math.floor(days))} days ago`;
  }

  /** A run that is still being taken changes its directory again. Two clocks must agree that it is not. */
  async stopTimeReason(run: RunNumber, { record }: ComparedRun): Promise<string | undefined> {
    if (record?.is !== 'compared' || !record.isUnfinished) return undefined;
    const { records, now } = this.#execution.site;
    const [glance, newest] = [await records.glance(run), await records.newestChange()];
    const hours = (this.#days ?? Infinity) * HOURS;
    return waitsForStopTime(glance, hours, now().getTime(), newest)
      ? 'it has no stop time, so it may still be taken (--older-than)'
      : undefined;
  }
}

function archivedJson(archived: readonly RunNumber[], findings: readonly Finding[], left: number): string {
  return formatJson({
    version: VERSION,
    archived: { total: archived.length, ranges: toRanges(archived) },
    needed: findings.flatMap(({ run, reason }) => (reason === undefined ? [] : [{ run, reason }])),
    left,
  });
}
