// Preload: one thread of the pool waits for ever, in a system call, as for a file server that is away.
import { open } from 'node:fs';

open(process.env.STUCK_FIFO, 'r', () => undefined);
