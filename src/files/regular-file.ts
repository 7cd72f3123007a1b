import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** Opening a FIFO would wait for its other end. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** A path leads to a directory, FIFO or device: reading it would fail, wait for ever, or never end. */
export class NotRegularFileError extends Error {
  constructor(kind: string) {
    super(`it is ${kind}, not a regular file; move it away or name another file`);
  }
}

/**
 * Reads all of a regular file, and waits for nothing else that has its name.
 * @throws NotRegularFileError, or the system's error
 */
export async function readRegularFile(path: string): Promise<Buffer> {
  const handle = await open(path, FLAGS);
  try {
    refuseOthers(await handle.stat());
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** As {@link readRegularFile}, where the caller can't wait. */
export function readRegularFileSync(path: string): Buffer {
  const fd = openSync(path, FLAGS);
  try {
    refuseOthers(fstatSync(fd));
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function refuseOthers(stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new NotRegularFileError('a directory');
  throw new NotRegularFileError(stats.isFIFO() ? 'a FIFO' : 'a device');
}
