import { z } from 'zod';
import type { StageName } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { type NumberRange, RunSet } from '../runs/run-set.ts';
import { JsonFile, jsonText } from './json-file.ts';
import { runSetTexts } from './run-set-file.ts';
import { waitingRun } from './waiting-runs.ts';

const standing = z.discriminatedUnion('was', [
  z.object({ was: z.literal('archived') }),
  z.object({
    was: z.literal('failed'),
    reason: z.object({ time: z.iso.datetime(), message: z.string() }).optional(),
  }),
  waitingRun.extend({ was: z.literal('waiting') }),
  z.object({ was: z.literal('skipped') }),
  z.object({ was: z.literal('new') }),
]);

/**
 * What a run was in a stage when somebody gave it up; once it is taken up, it is that again. `new`: the stage had not tried it, or
 * had not even seen it. `archived`: it was at the stage's target.
 */
export type Standing = z.output<typeof standing>;

const note = z.object({
  runs: runSetTexts,
  by: z.string(),
  time: z.iso.datetime(),
  reason: z.string(),
  import: standing,
  migrate: standing,
  unequal: z.boolean().default(false),
});
const document = z.object({ given_up_runs: z.array(note) });

/**
 * Runs that somebody gave up together, and that were alike. `by`: as `name@host`; `time`: ISO 8601, UTC; `unequal`: their blob in
 * UconDB was known to differ, so its key proves nothing.
 */
export type GivenUpNote = z.output<typeof note>;

/** The stages, in their order. */
export const stageNames: readonly StageName[] = ['import', 'migrate'];

/** Which runs are given up, and why. */
export class GivenUp {
  readonly notes: readonly GivenUpNote[];
  readonly runs: RunSet;
  /** Those of them whose blob is known to differ. */
  readonly unequal: RunSet;

  /** @param notes no two of them about the same run */
  constructor(notes: readonly GivenUpNote[]) {
    this.notes = notes;
    this.runs = unionOf(notes);
    this.unequal = unionOf(notes.filter(({ unequal }) => unequal));
  }

  has(run: RunNumber): boolean {
    return this.runs.has(run);
  }

  /** The note about a run. */
  noteOf(run: RunNumber): GivenUpNote | undefined {
    return this.has(run) ? this.notes.find(({ runs }) => runs.has(run)) : undefined;
  }

  /** The notes about some runs, and about no others. */
  of(runs: RunSet): GivenUp {
    return this.#changed((noted) => noted.intersection(runs));
  }

  /** With further notes, which replace those about the same runs. */
  with(notes: readonly GivenUpNote[]): GivenUp {
    return new GivenUp([...this.without(unionOf(notes)).notes, ...notes]);
  }

  without(runs: RunSet): GivenUp {
    return this.#changed((noted) => noted.without(noted.intersection(runs).numbers()));
  }

  #changed(change: (noted: RunSet) => RunSet): GivenUp {
    return new GivenUp(
      this.notes
        .map((each) => ({ ...each, runs: change(each.runs) }))
        .filter(({ runs }) => runs.ranges.length > 0),
    );
  }
}

/** Nobody gave a run up. */
export const nothingGivenUp = new GivenUp([]);

/**
 * The runs that somebody gave up: `{"given_up_runs": [{"runs": ["5011"], "by": "…", "time": "…", "reason": "…", "import": {"was":
 * "failed", …}, "migrate": {"was": "new"}, "unequal": false}]}`. Where failure logs, waiting runs or unequal runs say something
 * else, this file holds.
 */
export class GivenUpRuns {
  readonly path: string;
  readonly #file: JsonFile<GivenUp>;

  constructor(path: string) {
    this.#file = new JsonFile(path, {
      title: 'The record of given-up runs',
      advice:
        'Restore it from a backup. Only people can write it anew: once it is moved away, its runs count as skipped, until somebody gives ' +
        'them up again.',
      schema: document.transform(({ given_up_runs: notes }) => new GivenUp(notes)),
      format: ({ notes }) =>
        jsonText({ given_up_runs: notes.map((each) => ({ ...each, runs: each.runs.toTexts() })) }),
    });
    this.path = this.#file.path;
  }

  /** @throws PersistenceError if the file can't be read or understood; it is left as it is */
  async read(): Promise<GivenUp> {
    return (await this.#file.read()) ?? nothingGivenUp;
  }

  /**
   * Changes the notes in one durable write.
   * @throws PersistenceError if the file can't be read, understood, locked or written
   */
  async change(change: (before: GivenUp) => GivenUp): Promise<void> {
    await this.#file.exclusively(async () => await this.#file.write(change(await this.read())));
  }
}

/**
 * Joins the notes of which somebody can say the same.
 * @param textOf what is said of a note
 * @returns each text, with the first of its notes, which is then about the runs of all of them
 */
export function joinedBy(
  notes: readonly GivenUpNote[],
  textOf: (note: GivenUpNote) => string,
): (readonly [text: string, note: GivenUpNote])[] {
  const groups = new Map<string, { readonly first: GivenUpNote; readonly ranges: NumberRange[] }>();
  for (const each of notes) {
    const text = textOf(each);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { first: each, ranges: [...each.runs.ranges] });
    else group.ranges.push(...each.runs.ranges);
  }
  return [...groups].map(
    ([text, { first, ranges }]) => [text, { ...first, runs: RunSet.ofRanges(ranges) }] as const,
  );
}

function unionOf(notes: readonly GivenUpNote[]): RunSet {
  return RunSet.ofRanges(notes.flatMap(({ runs }) => runs.ranges));
}
