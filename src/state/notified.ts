import { z } from 'zod';
import { PersistenceError, type StageName } from '../errors.ts';
import { JsonFile, jsonText } from './json-file.ts';

const told = z.object({
  runs: z.array(z.int().nonnegative()).readonly(),
  gone: z.array(z.int().nonnegative()).readonly(),
  errors: z.array(z.string()).readonly(),
  at: z.iso.datetime(),
});
const channelName = z.enum(['email', 'slack']);
const stageNotes = z.object({
  told: z.partialRecord(channelName, told).default({}),
});
const record = z.object({
  import: stageNotes.optional(),
  migrate: stageNotes.optional(),
  execution: stageNotes.optional(),
});

/** What people are told about: a stage, or executions that could not come to their end. */
export type Subject = StageName | 'execution';

/** A way to tell somebody. */
export type ChannelName = z.output<typeof channelName>;

/** A failure of a stage that a channel has reported and that is not over. */
export type Told = z.output<typeof told>;

/** `told`: what each channel has reported. */
export type StageNotes = z.output<typeof stageNotes>;

type NotifiedRecord = z.output<typeof record>;

const nothingNoted: StageNotes = { told: {} };

/**
 * The record of the failures that people have been told about:
 * `{"import": {"told": {"email": {"runs": [12], "gone": [], "errors": [], "at": "<ISO 8601>"}}}}`
 * (`gone`: no longer failing, which was not reported yet; `errors`: of the stage itself, in the form in which they are compared).
 * A file that can't be understood counts as empty: at worst, a failure is reported again.
 */
export class NotifiedFile {
  readonly path: string;
  readonly #file: JsonFile<NotifiedRecord>;
  readonly #warn: (message: string) => void;

  /** @param warn hears of a file that can't be read or understood */
  constructor(path: string, warn: (message: string) => void) {
    this.#file = new JsonFile(path, { title: 'The record of notifications', schema: record, format });
    this.path = this.#file.path;
    this.#warn = warn;
  }

  /** What is noted about a stage. */
  async read(stage: Subject): Promise<StageNotes> {
    return notesOf(await this.#read(this.#warn), stage);
  }

  /**
   * Changes what is noted about a stage, as one step. Nothing is written if nothing changes.
   * @throws PersistenceError if the file can't be locked or written
   */
  async update(stage: Subject, change: (notes: StageNotes) => StageNotes): Promise<void> {
    await this.#file.exclusively(async () => {
      const before = await this.#read(() => undefined);
      const after = { ...before, [stage]: change(notesOf(before, stage)) };
      if (format(after) !== format(before)) await this.#file.write(after);
    });
  }

  async #read(warn: (message: string) => void): Promise<NotifiedRecord> {
    try {
      return (await this.#file.read()) ?? {};
    } catch (error) {
      if (!(error instanceof PersistenceError)) throw error;
      warn(`${error.message}. It counts as empty, so failures may be told once more`);
      return {};
    }
  }
}

function notesOf(notes: NotifiedRecord, stage: Subject): StageNotes {
  return notes[stage] ?? nothingNoted;
}

function format(notes: NotifiedRecord): string {
  const stages = Object.entries(notes).flatMap(([name, { told } = nothingNoted]) => {
    const remembered = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
    return Object.keys(remembered).length === 0 ? [] : [[name, { told: remembered }] as const];
  });
  return jsonText(Object.fromEntries(stages));
}
