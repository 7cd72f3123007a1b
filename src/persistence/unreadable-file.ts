import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { messageOf, PersistenceError } from '../errors.ts';
import { errorCode } from '../system-error.ts';

/** A file that can't be understood. */
export interface UnreadableFile {
  readonly path: string;
  readonly content: Buffer;
  /** What is wrong with it. */
  readonly reason: string;
}

/**
 * Copies a file that can't be understood to `<path>.unreadable-<hash of its content>`, so that the same content is kept
 * once however often the program starts, and no copy is ever overwritten.
 * @returns the copy's path.
 * @throws PersistenceError if the copy can't be written.
 */
export async function keepAside(file: UnreadableFile): Promise<string> {
  const hash = createHash('sha256').update(file.content).digest('hex').slice(0, 12);
  const copy = `${file.path}.unreadable-${hash}`;
  try {
    await writeFile(copy, file.content, { flag: 'wx', flush: true });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') {
      throw new PersistenceError(
        `${file.path} is unreadable (${file.reason}) and can't be kept aside as ${copy}: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
  return copy;
}

/** Bytes as UTF-8 text; undefined if they are not UTF-8. */
export function decodeText(content: Buffer): string | undefined {
  const text = content.toString('utf8');
  return Buffer.from(text).equals(content) ? text : undefined;
}
