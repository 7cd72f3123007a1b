import {
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  fstat,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A file or directory that is open. */
export interface OpenEntry {
  stats(): Promise<BigIntStats>;
  /** Reads from a place in the file to the same place in memory, up to its end. @returns how many bytes there were */
  read(memory: Buffer, place: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * The calls of the system that look at run records. All of them may wait for a file server for ever, and throw the system's error.
 */
export interface RecordCalls {
  /** Opens a file or directory, without following a link at the end of the path or waiting for the other end of a FIFO. */
  open(path: string): Promise<OpenEntry>;
  entriesOf(directory: string): Promise<Dirent[]>;
  realpath(path: string): Promise<string>;
  stat(path: string): Promise<Stats>;
  /** As stat, without following a link. */
  statsOf(path: string): Promise<BigIntStats>;
}

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

// A record has many files, and these take half the time that the methods of a handle take.
const [fstatOf, readFrom] = [promisify(fstat), promisify(read)];

/** Calls that Node's pool of threads makes, several at a time: whoever waits for them can do something else meanwhile. */
export const pooledCalls: RecordCalls = {
  open: async (path) => {
    const handle = await open(path, FLAGS);
    return {
      stats: () => fstatOf(handle.fd, { bigint: true }),
      read: async (memory, place) =>
        (await readFrom(handle.fd, memory, place, memory.length - place, place)).bytesRead,
      close: () => handle.close(),
    };
  },
  entriesOf: (directory) => readdir(directory, { withFileTypes: true }),
  realpath,
  stat,
  statsOf: (path) => lstat(path, { bigint: true }),
};

/** Calls that the thread makes itself. They take a fifth of the time, and nothing else goes on in that thread meanwhile. */
export const directCalls: RecordCalls = {
  open: async (path) => {
    const fd = openSync(path, FLAGS);
    return {
      stats: async () => fstatSync(fd, { bigint: true }),
      read: async (memory, place) => readSync(fd, memory, place, memory.length - place, place),
      close: async () => closeSync(fd),
    };
  },
  entriesOf: async (directory) => readdirSync(directory, { withFileTypes: true }),
  realpath: async (path) => realpathSync.native(path),
  stat: async (path) => statSync(path),
  statsOf: async (path) => lstatSync(path, { bigint: true }),
};
