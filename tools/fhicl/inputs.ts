import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ArchiverError, messageOf } from '../../src/errors.ts';
import { errorCode } from '../../src/system-error.ts';

/** Stands for standard input on the command line. */
const STANDARD_INPUT = '-';

/** A text to work on. */
export interface Input {
  /** As given on the command line, or `stdin`. */
  readonly name: string;
  readonly text: string;
}

/** What a file of the command line is called in messages. */
export function nameOf(path: string): string {
  return path === STANDARD_INPUT ? 'stdin' : path;
}

/**
 * Reads a file or, for `-`, the standard input. Bytes that are no UTF-8 become one character each, which FHiCL refuses as it
 * does all but ASCII.
 * @throws ArchiverError if it can't be read
 */
export async function readInput(path: string): Promise<Input> {
  const name = nameOf(path);
  if (path === STANDARD_INPUT) return { name, text: decoded(await buffer(process.stdin)) };
  try {
    return { name, text: decoded(await readFile(path)) };
  } catch (error) {
    if (errorCode(error) === 'EISDIR') {
      throw new ArchiverError(`${path}: it is a directory; name the files in it, such as ${path}/*.fcl`);
    }
    if (errorCode(error) === undefined) throw error;
    throw new ArchiverError(`${path}: ${messageOf(error)}`, { cause: error });
  }
}

function decoded(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}
