/** Checks and repairs a FilesystemDB: documentation/REPAIR_FILESYSTEMDB.md. */
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { realFiles } from '../../src/artdaqdb/filesystem/database-files.ts';
import { databasePath } from '../../src/artdaqdb/filesystem/database-path.ts';
import { exitCodes } from '../../src/exit.ts';
import { silentLogger } from '../../src/log/logger.ts';
import { standardOutput } from '../../src/log/standard-stream.ts';
import { formatJson, visibleLines } from '../../src/shown-text.ts';
import { codeOfFailure, runTool } from '../run-tool.ts';
import { defaultBackupParent } from './backup.ts';
import { readFlags } from './flags.ts';
import { repairDatabase } from './repair.ts';
import { isSettled, reportLines } from './report.ts';

const PROGRAM = 'repair-filesystemdb';
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

void runTool(PROGRAM, (argv) => run(argv).catch(failureOf));

async function run(argv: readonly string[]): Promise<number> {
  const { database: given, backupDir, settle, json, apply, ...depth } = readFlags(argv);
  const database = given.startsWith('filesystemdb://') ? databasePath(given, process.env) : resolve(given);
  const report = await repairDatabase(
    database,
    {
      ...depth,
      apply,
      backupParent: resolve(backupDir ?? defaultBackupParent(database)),
      logger: { ...silentLogger, warning: (message) => console.error(visibleLines(message)) },
    },
    {
      files: realFiles,
      sleep: (milliseconds) => wait(milliseconds, undefined, { signal: stop.signal }),
      now: Date.now,
      settleMilliseconds: settle * 1000,
      notice: (message) => console.error(visibleLines(message)),
      throwIfStopped: () => stop.signal.throwIfAborted(),
    },
  );
  const text = json
    ? formatJson({ database, ...report })
    : [...reportLines(database, report, apply)].map((line) => `${visibleLines(line)}\n`).join('');
  standardOutput.write(text);
  return report.findings.some((finding) => !isSettled(finding, apply))
    ? exitCodes.failure
    : exitCodes.success;
}

/** Prints what went wrong, unless that is done already, and gives the exit code. */
function failureOf(error: unknown): number {
  if (stop.signal.aborted) {
    console.error(`${PROGRAM}: interrupted`);
    return exitCodes.stopped;
  }
  const code = codeOfFailure(PROGRAM, error);
  // The code for a failure means that findings are left.
  return code === exitCodes.failure ? exitCodes.unexpectedError : code;
}
