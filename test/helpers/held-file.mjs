// Preload: a thread that reads HELD_FILE waits for ever in a system call, as for a file server that is away.
import fs from 'node:fs';

const { openSync, readSync } = fs;
let held;

fs.openSync = (path, ...rest) => {
  const fd = openSync(path, ...rest);
  if (path === process.env.HELD_FILE) held = fd;
  // The number of a closed file comes again.
  else if (fd === held) held = undefined;
  return fd;
};
fs.readSync = (fd, ...rest) => {
  if (fd === held) openSync(process.env.HELD_FIFO, 'r');
  return readSync(fd, ...rest);
};
