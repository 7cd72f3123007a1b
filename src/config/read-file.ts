import { readFile } from 'node:fs/promises';
import { ConfigurationError, messageOf } from '../errors.ts';
import { errorCode } from '../system-error.ts';

const reasons: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'it does not exist; copy config.yaml.template, or give the path of the file as argument'],
  ['ENOTDIR', 'it does not exist: a part of its path is not a directory'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ELOOP', 'its symbolic links form a circle'],
]);

/**
 * The text of a configuration file. It may be a pipe, as from a program that decrypts it.
 * @throws ConfigurationError if it can't be read, or is not UTF-8
 */
export async function readConfigFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    const reason = reasons.get(errorCode(cause)) ?? messageOf(cause);
    throw new ConfigurationError(`Configuration file '${file}' can't be read: ${reason}`, { cause });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigurationError(`${file}:${lineOfInvalid(bytes)}: not UTF-8 text; save the file as UTF-8`, {
      cause,
    });
  }
}

/** The line, counted from 1, that holds the first byte sequence that is not UTF-8. */
function lineOfInvalid(bytes: Buffer): number {
  const valid = bytes.toString('utf-8').split('\uFFFD')[0] ?? '';
  return valid.split('\n').length;
}
