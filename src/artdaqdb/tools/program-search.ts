import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ConfigurationError, messageOf } from '../../errors.ts';
import { errorCode } from '../../system-error.ts';

/** Class, byte order and processor in an ELF header stand at these places. */
const ELF_MAGIC = '\x7fELF';
const ELF_HEADER_LENGTH = 20;
const ELF_CLASS = 4;
const ELF_BYTE_ORDER = 5;
const ELF_PROCESSOR = 18;

/** The tools call programs such as mkdir. */
const SYSTEM_PATH = '/usr/bin:/bin';

/**
 * The directories in which programs are looked for, in this order.
 * @param first searched before those of `path`
 * @param path value of the environment's PATH; where it is empty or missing, the directories that every system has
 */
export function searchPath(first: string, path: string | undefined): string[] {
  const others = (path || SYSTEM_PATH).split(delimiter).filter((directory) => directory !== '');
  return [...new Set([first, ...others])];
}

/**
 * Finds a program.
 * @returns its path
 * @throws ConfigurationError naming the directories, and why a file of that name won't do
 */
export async function findProgram(name: string, directories: readonly string[]): Promise<string> {
  const unfit: string[] = [];
  for (const directory of directories) {
    const path = join(directory, name);
    const fault = await faultOf(path);
    if (fault === undefined) return path;
    if (fault !== 'missing') unfit.push(`${path} ${fault}`);
  }
  throw new ConfigurationError(
    `artdaq_db.use_tools: the program ${name} was not found in ${directories.join(', ')}` +
      unfit.map((fault) => `; ${fault}`).join('') +
      `. Put it into the first of these or into a directory on PATH, or set use_tools to false`,
  );
}

/** Undefined if the file can be executed here. */
async function faultOf(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isFile()) return 'is no file';
    await access(path, constants.X_OK);
    return formatFault(await head(path), await head(process.execPath));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    if (code === 'EACCES') return 'may not be executed by this account';
    return `can't be looked at (${messageOf(error)})`;
  }
}

/** A file that the system can't execute would be tried as a shell script. A program that may be executed but not read passes. */
function formatFault(program: Buffer | undefined, own: Buffer | undefined): string | undefined {
  if (program === undefined || program.toString('latin1').startsWith('#!')) return undefined;
  if (!program.toString('latin1').startsWith(ELF_MAGIC)) return 'is neither a program nor a script with #!';
  if (own === undefined || !own.toString('latin1').startsWith(ELF_MAGIC)) return undefined;
  const isSame = [ELF_CLASS, ELF_BYTE_ORDER, ELF_PROCESSOR, ELF_PROCESSOR + 1].every(
    (place) => program[place] === own[place],
  );
  return isSame ? undefined : 'is built for another processor';
}

async function head(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(ELF_HEADER_LENGTH), 0, ELF_HEADER_LENGTH, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === 'EACCES') return undefined;
    throw error;
  }
}
