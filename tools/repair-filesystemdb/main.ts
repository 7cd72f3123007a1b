/** Checks a FilesystemDB and mends it: documentation/REPAIR_FILESYSTEMDB.md. */
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CommanderError } from 'commander';
import { realFiles } from '../../src/artdaqdb/filesystem/database-files.ts';
import { databasePath } from '../../src/artdaqdb/filesystem/database-path.ts';
import { ArchiverError, messageOf } from '../../src/errors.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { silentLogger } from '../../src/log/logger.ts';
import { codeUnlessLost, outliveTerminal, standardOutput } from '../../src/log/standard-stream.ts';
import { endSoon } from '../../src/process-exit.ts';
import { formatJson, visibleLines } from '../../src/shown-text.ts';
import { errorCode } from '../../src/system-error.ts';
import { defaultBackupParent } from './backup.ts';
import { isSettled } from './finding.ts';
import { readFlags } from './flags.ts';
import { repairDatabase } from './repair.ts';
import { reportLines } from './text.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
process.exitCode = exitCodes.unexpectedError;

outliveTerminal();
const exitCode = codeUnlessLost(
  'repair-filesystemdb',
  await run(process.argv.slice(2)).catch((error: unknown) => exitCodeOf(error)),
);
process.exitCode = exitCode;
endSoon(exitCode);

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

/** Says what went wrong, unless that was done already. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.wrongUsage;
  if (stop.signal.aborted) {
    console.error('repair-filesystemdb: interrupted');
    return exitCodes.stopped;
  }
  const isKnown = error instanceof ArchiverError || errorCode(error) !== undefined;
  console.error(isKnown ? `repair-filesystemdb: ${visibleLines(messageOf(error))}` : error);
  return exitCodes.unexpectedError;
}
