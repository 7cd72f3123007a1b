/** What runs in a thread of its own (`reading-threads.ts`): reads run records with calls that may hold up this thread alone. */
import { parentPort } from 'node:worker_threads';
import type { ReadingTask } from './reading-threads.ts';
import { directCalls } from './record-calls.ts';
import { recordReader } from './record-reader.ts';

const reader = recordReader(directCalls);

parentPort?.on('message', (task: ReadingTask) => void answer(task));

async function answer({ root, limits }: ReadingTask): Promise<void> {
  if (limits === undefined) return parentPort?.postMessage(await reader.look(root));
  const content = await reader.read(root, limits);
  const memory = content.files
    .map(({ bytes: { buffer } }) => buffer)
    .filter((buffer) => buffer instanceof ArrayBuffer);
  parentPort?.postMessage(content, memory);
}
