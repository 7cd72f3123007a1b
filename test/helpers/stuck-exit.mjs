// Runs a program that keeps a file locked, lets a thread of the pool wait for ever for a FIFO, and ends at once when asked to.

import { once } from 'node:events';
import { open } from 'node:fs';
import { runChild } from '../../dist/src/artdaqdb/tools/child-process.js';
import { exitAtOnce } from '../../dist/src/exit.js';

const [fifo, lockFile] = process.argv.slice(2);
void runChild({
  program: '/bin/sh',
  args: ['-c', 'exec flock "$0" sh -c "echo locked; exec sleep 600"', lockFile],
  env: process.env,
  timeoutMs: 600_000,
  stdout: process.stdout,
});
open(fifo, 'r', () => undefined);
await once(process.stdin, 'data');
exitAtOnce(130);
