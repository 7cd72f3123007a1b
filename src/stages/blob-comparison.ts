import { createHash } from 'node:crypto';
import type { ArtdaqDb } from '../artdaqdb/artdaqdb.ts';
import { packBlob, sameRecord } from '../blob/pack.ts';
import { unpackBlob } from '../blob/unpack.ts';
import { ArtdaqDbError, BlobDifferenceError, BlobError, FhiclError, messageOf } from '../errors.ts';
import { SCHEMA_FILE } from '../fhicl/fhicl-file.ts';
import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { RunSetFile } from '../state/run-set-file.ts';
import type { UconDb } from '../ucondb/ucondb.ts';
import { needOf } from './blob-completion.ts';
import type { Visit } from './visit.ts';

/** What a {@link BlobComparison} works with. */
export interface BlobComparisonParts {
  readonly artdaqDb: ArtdaqDb;
  readonly uconDb: UconDb;
  /** Runs that got their stop time in artdaqDB after their blob was stored. */
  readonly amended: RunSetFile;
  /** Runs that are known to differ between artdaqDB and UconDB. */
  readonly unequal: RunSetFile;
  /** The packing time of the blobs. */
  readonly now: () => Date;
}

/** What UconDB holds of a run, and how it compares with the record. `lacks-times`: equal but for a stop time that came later. */
export interface ComparedBlob {
  readonly blob: Buffer;
  readonly verdict: 'equal' | 'lacks-times';
}

/** Compares what UconDB holds of a run with what artdaqDB holds. */
export class BlobComparison {
  readonly #parts: BlobComparisonParts;

  constructor(parts: BlobComparisonParts) {
    this.#parts = parts;
  }

  /**
   * The blob of a run as artdaqDB has it.
   * @throws ArtdaqDbError if artdaqDB has no document of the run's record, and what export and packing throw
   */
  async pack(run: RunNumber, visit: Visit): Promise<Buffer> {
    const { artdaqDb, now } = this.#parts;
    const files = await visit.at('artdaqDB read', () => artdaqDb.export(run));
    if (!files.some(({ name }) => name !== SCHEMA_FILE)) {
      throw new ArtdaqDbError(
        `run ${run} is listed in artdaqDB (${artdaqDb.location}), but no document of its record is there; ` +
          'nothing was uploaded: restore the collection RunHistory from a backup, or import the run anew',
        { stage: 'migrate', run, fault: 'run' },
      );
    }
    return packBlob(run, files, now());
  }

  /**
   * Reads a blob back and compares it, except for the two lines with the packing time.
   * @throws BlobDifferenceError, and what fetching the blob throws
   */
  async look(run: RunNumber, packed: Buffer, visit: Visit): Promise<ComparedBlob> {
    const blob = await visit.at('UconDB read', (stop) => this.#parts.uconDb.get(run, stop));
    const difference = differenceOf(run, packed, blob);
    if (difference === 'equal' || difference === 'lacks-times') return { blob, verdict: difference };
    throw new BlobDifferenceError(
      `run ${run} is in UconDB already with different content (${blob.length} bytes there, ${packed.length} here: ` +
        `${difference.join(', ')}); nothing was overwritten: compare the two and decide which is right`,
      { stage: 'migrate', run, place: 'UconDB read' },
    );
  }

  /**
   * Reads a blob back and compares it byte for byte with what was uploaded.
   * @throws BlobDifferenceError, and what fetching the blob throws
   */
  async lookAtUpload(run: RunNumber, sent: Buffer, visit: Visit): Promise<ComparedBlob> {
    const blob = await visit.at('UconDB read', (stop) => this.#parts.uconDb.get(run, stop, sent));
    // Equal bytes have equal sums.
    if (blob.equals(sent)) return { blob, verdict: 'equal' };
    const [expected, found] = [md5(sent), md5(blob)];
    throw new BlobDifferenceError(
      `MD5 mismatch for run ${run}: sent ${expected} (${sent.length} bytes), UconDB holds ${found} ` +
        `(${blob.length} bytes); the key is taken by a wrong blob: ask the UconDB administrators to remove it`,
      { stage: 'migrate', run, place: 'UconDB read' },
    );
  }

  /**
   * Compares, and notes the result where `--verify` and later executions find it.
   * @param look makes the comparison
   * @throws PersistenceError if it can't be noted that a stop time came later
   */
  async noting(run: RunNumber, look: () => Promise<ComparedBlob>, logger: Logger): Promise<ComparedBlob> {
    const { amended, unequal } = this.#parts;
    try {
      const stored = await look();
      if (stored.verdict === 'equal') await amended.drop([run]);
      else await amended.add([run]);
      await this.#note(() => unequal.drop([run]), run, logger);
      return stored;
    } catch (error) {
      if (error instanceof BlobDifferenceError) await this.#note(() => unequal.add([run]), run, logger);
      throw error;
    }
  }

  /** A failure here changes nothing: the run is compared again then. */
  async #note(change: () => Promise<void>, run: RunNumber, logger: Logger): Promise<void> {
    try {
      await change();
    } catch (error) {
      logger.child({ error }).warning(`Run ${run} could not be noted for --verify: ${messageOf(error)}`);
    }
  }
}

function differenceOf(
  run: RunNumber,
  packed: Buffer,
  stored: Buffer,
): ComparedBlob['verdict'] | readonly string[] {
  if (sameRecord(packed, stored)) return 'equal';
  try {
    const record = unpackBlob(stored);
    if (record.run !== run) return [`it is that of run ${record.run}`];
    const need = needOf(unpackBlob(packed).files, record.files);
    if (need === 'nothing') return ['the same files in another form'];
    return need === 'nothing-yet' || need === 'replacement' ? 'lacks-times' : need;
  } catch (error) {
    if (error instanceof BlobError || error instanceof FhiclError) return [error.message];
    throw error;
  }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
