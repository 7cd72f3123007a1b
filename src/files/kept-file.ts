import { createHash } from 'node:crypto';
import { messageOf, PersistenceError } from '../errors.ts';
import { undefinedIfMissing } from '../system-error.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { readRegularFile } from './regular-file.ts';

/** A file whose content must not be lost though something else takes its place. */
export interface KeptFile {
  readonly path: string;
  readonly content: Buffer;
  /** Part of the copy's name: why it was kept. */
  readonly label: 'unreadable' | 'before-recovery';
}

/**
 * Copies a file to `<path>.<label>-<hash of its content>`, so that the same content is kept once however often that
 * happens, and no copy ever takes the place of another.
 * @returns the copy's path.
 * @throws PersistenceError if the copy can't be written.
 */
export async function keepAside({ path, content, label }: KeptFile): Promise<string> {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const copy = `${path}.${label}-${hash}`;
  try {
    const before = await readRegularFile(copy).catch(undefinedIfMissing);
    // A copy that was cut short, by a full disk or a kill, is none.
    if (before?.equals(content) !== true) await writeFileAtomic(copy, content);
  } catch (error) {
    throw new PersistenceError(`${path} can't be kept aside as ${copy}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return copy;
}

/** Bytes as UTF-8 text; undefined if they are not UTF-8. */
export function decodeText(content: Buffer): string | undefined {
  const text = content.toString('utf8');
  return Buffer.from(text).equals(content) ? text : undefined;
}
