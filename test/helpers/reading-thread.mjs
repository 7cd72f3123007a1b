// Stands in for the thread that reads run records: answers with the directory's name, and does what that says.
import { openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ root }) => {
  // A system call that ends when the other end of the FIFO is opened.
  if (root.endsWith('.fifo')) openSync(root, 'r');
  if (root.endsWith('dies')) process.exit(3);
  if (root.endsWith('throws')) throw new TypeError('a bug');
  parentPort.postMessage({ signature: root });
});
