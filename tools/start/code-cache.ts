import { closeSync, constants, promises as files, fstatSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** More than the versions of Node.js that take turns in one installation. */
const KEPT_FILES = 4;
const DIGEST_BYTES = 32;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, W_OK } = constants;

/** Loaded late, because what only prints the version needs neither. */
const crypto = () => process.getBuiltinModule('node:crypto');
const v8 = () => process.getBuiltinModule('node:v8');

/**
 * What V8 made of one file of the program, kept for the next start (documentation/FILE_FORMATS.md, "Compiled code"). The program is
 * the same without: whatever is wrong with it only means that V8 compiles the file again.
 */
export class CodeCache {
  readonly #directory: string;
  readonly #name: string;

  /**
   * @param directory for it, with a slash at its end; made when it is first written
   * @param filename of the program's file
   * @param source what is in that file; V8 itself would compare its length alone
   */
  constructor(directory: string, filename: string, source: Buffer) {
    const digest = crypto().createHash('sha256').update(source).digest('hex');
    // V8's own tag tells its version, its flags and the features of the processor.
    const tag = v8().cachedDataVersionTag().toString(16);
    this.#directory = directory;
    this.#name = `${basename(filename, '.cjs')}-${digest}-${process.version}-${process.arch}-${tag}`;
  }

  get #path(): string {
    return this.#directory + this.#name;
  }

  /** Undefined if there is none, or none to be trusted. */
  read(): Buffer | undefined {
    const bytes = readTrusted(this.#path);
    if (bytes === undefined) return undefined;
    const data = bytes.subarray(DIGEST_BYTES);
    return this.#digest(data).equals(bytes.subarray(0, DIGEST_BYTES)) ? data : undefined;
  }

  /**
   * Keeps code for the next start, if this account may write there.
   * @param compile makes it
   */
  async keep(compile: () => Buffer): Promise<void> {
    const unfinished = `${this.#path}.${process.pid}.tmp`;
    try {
      await files.mkdir(this.#directory, { recursive: true });
      await files.access(this.#directory, W_OK);
      const data = compile();
      const content = Buffer.concat([this.#digest(data), data]);
      await files.writeFile(unfinished, content, { flag: 'wx', mode: 0o644 });
      await files.rename(unfinished, this.#path);
      await removeOld(this.#directory);
    } catch {
      // There is nothing to repair where the program belongs to others, or where the disk is full: the next start takes longer.
    }
  }

  /** The name is part of it, so that no file is taken for another one that was renamed. */
  #digest(data: Buffer): Buffer {
    return crypto().createHash('sha256').update(this.#name).update(data).digest();
  }
}

/** Reads a file that nobody but root and this account can have written. */
function readTrusted(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const { uid, mode } = fstatSync(file);
    const isOurs = uid === 0 || uid === process.geteuid?.();
    return isOurs && (mode & 0o022) === 0 ? readFileSync(file) : undefined;
  } catch {
    // Mostly it is not there, or no file.
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Removes the code of earlier versions of Node.js, and what a kill left unfinished. */
async function removeOld(directory: string): Promise<void> {
  const paths = (await files.readdir(directory)).map((name) => directory + name);
  const dated = await Promise.all(
    paths.map(async (path) => ({ path, time: (await files.lstat(path)).mtimeMs })),
  );
  const old = dated.sort((a, b) => b.time - a.time).slice(KEPT_FILES);
  await Promise.all(old.map(({ path }) => files.rm(path, { force: true })));
}
