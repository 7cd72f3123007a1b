import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../errors.ts';
import { makeDirectory } from '../files/directories.ts';
import { parseLineTime } from './log-line.ts';

/** When a log file is rotated. */
export interface Rotation {
  readonly maxBytes: number;
  /** Age of the file's first line. */
  readonly maxAgeMs: number;
  /** How many older files are kept, as `<file>.1` (the newest) to `<file>.<backups>`. */
  readonly backups: number;
}

/** How a log file is kept, and who is told of problems with it. */
export interface LogFileOptions {
  readonly rotation: Rotation;
  readonly now: () => Date;
  /** Is told once of each kind of problem, and when it is over. May itself write to the file. */
  readonly onProblem: (level: 'ERROR' | 'WARNING', message: string) => void;
  /** The call that writes, for tests. */
  readonly writeSync?: (fd: number, bytes: Uint8Array) => number;
}

/** Enough for the time with which the first line begins. */
const FIRST_BYTES = 40;

/**
 * A log file. Every text is written before `write` returns, so that none is lost however the process ends. Each write checks
 * whether the file must be rotated by size or age, and opens it again if another program moved or removed it.
 */
export class LogFile {
  readonly #path: string;
  readonly #options: LogFileOptions;
  readonly #reported = new Set<string>();
  #file: { fd: number; inode: number; device: number; begun: Date } | undefined;
  #rotates = true;
  #torn = false;
  #lostLines = 0;

  /** @throws the system's error if the file can't be opened, or an error if it is neither a file nor a device */
  constructor(path: string, options: LogFileOptions) {
    makeDirectory(dirname(path));
    // Rotation then moves the file, not a link to it.
    this.#path = fs.existsSync(path) ? fs.realpathSync(path) : resolve(path);
    this.#options = options;
    this.#open();
  }

  /**
   * Never throws: text that can't be written is counted as lost and reported.
   * @returns false if the text is lost
   */
  write(text: string): boolean {
    const bytes = Buffer.from(text);
    try {
      const stats = this.#current();
      if (this.#isDue(stats, bytes.length)) this.#rotate();
      this.#append(bytes);
      this.#reportRecovery();
      return true;
    } catch (error) {
      this.#lostLines += 1;
      this.#report(
        'write',
        'ERROR',
        `Cannot write the log file ${this.#path}: ${messageOf(error)}; the archiver continues without it`,
      );
      return false;
    }
  }

  close(): void {
    if (this.#file !== undefined) fs.closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #open(): fs.Stats {
    const before = fs.statSync(this.#path, { throwIfNoEntry: false });
    // Opening a pipe would wait for a reader.
    if (before !== undefined && !before.isFile() && !before.isCharacterDevice()) {
      throw new Error(`${this.#path} is not a file`);
    }
    const fd = fs.openSync(this.#path, 'a+');
    const stats = fs.fstatSync(fd);
    this.#file = { fd, inode: stats.ino, device: stats.dev, begun: this.#begunAt(fd, stats) };
    return stats;
  }

  /** The state of the open file, after opening it again if the path now leads to another one. */
  #current(): fs.Stats {
    const stats = fs.statSync(this.#path, { throwIfNoEntry: false });
    if (stats !== undefined && stats.ino === this.#file?.inode && stats.dev === this.#file.device)
      return stats;
    this.close();
    return this.#open();
  }

  #begunAt(fd: number, stats: fs.Stats): Date {
    if (!stats.isFile() || stats.size === 0) return this.#options.now();
    const start = Buffer.alloc(FIRST_BYTES);
    const length = fs.readSync(fd, start, 0, FIRST_BYTES, 0);
    const time = parseLineTime(start.subarray(0, length).toString('latin1'));
    return time ?? (stats.birthtimeMs > 0 ? stats.birthtime : stats.mtime);
  }

  #isDue(stats: fs.Stats, more: number): boolean {
    if (!this.#rotates || this.#file === undefined || !stats.isFile() || stats.size === 0) return false;
    const { maxBytes, maxAgeMs } = this.#options.rotation;
    const age = this.#options.now().getTime() - this.#file.begun.getTime();
    return stats.size + more > maxBytes || age >= maxAgeMs;
  }

  #rotate(): void {
    try {
      for (let number = this.#options.rotation.backups; number > 0; number--) {
        const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
        if (fs.existsSync(from)) fs.renameSync(from, `${this.#path}.${number}`);
      }
    } catch (error) {
      this.#rotates = false;
      this.#report(
        'rotate',
        'WARNING',
        `Cannot rotate the log file ${this.#path}: ${messageOf(error)}; it keeps growing`,
      );
      return;
    }
    this.close();
    this.#open();
  }

  #append(bytes: Uint8Array): void {
    if (this.#file === undefined) throw new Error('it is closed');
    const write = this.#options.writeSync ?? fs.writeSync;
    // A line that a full disk cut short must not run into the next one.
    let rest = this.#torn ? Buffer.concat([Buffer.from('\n'), bytes]) : bytes;
    while (rest.length > 0) {
      const written = write(this.#file.fd, rest);
      this.#torn = written < rest.length;
      rest = rest.subarray(written);
    }
  }

  #reportRecovery(): void {
    const lost = this.#lostLines;
    if (lost === 0) return;
    this.#lostLines = 0;
    this.#reported.delete('write');
    this.#options.onProblem('WARNING', `The log file ${this.#path} works again; ${lost} entries are missing`);
  }

  #report(kind: string, level: 'ERROR' | 'WARNING', message: string): void {
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    this.#options.onProblem(level, message);
  }
}
