// bin/run-archiver, but that two looks at run records follow each other at once: tests of kills and signals needn't wait for them.
import { main } from '../../dist/src/main.js';

process.exitCode = await main(
  process.argv.slice(2),
  () => process.env,
  async () => undefined,
);
