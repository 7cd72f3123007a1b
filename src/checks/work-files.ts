import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ArchiverConfig } from '../config/schema.ts';
import { ConfigurationError } from '../errors.ts';
import { checkMayWrite, looking, undefinedIfAbsent } from '../persistence/directory-access.ts';
import type { StageFiles } from '../stages/base-stage.ts';
import type { Check, Finding } from './check.ts';

/** The checks of what a stage keeps between executions. */
export function stageFileChecks(
  stage: 'import' | 'migrate',
  { state, failures, seen }: StageFiles,
  { app }: ArchiverConfig,
): Check[] {
  const file = (name: string, path: string, read: () => Promise<Finding>): Check => ({
    name,
    subject: `${name} ${path}`,
    look: () => checkFile(name, path, app.workDir, read),
  });
  return [
    file(`${stage}_state_file`, state.path, async () => {
      const { lastContiguousRun, lastAttemptedRun } = await state.inspect();
      return { text: `last contiguous run ${lastContiguousRun}, last attempted run ${lastAttemptedRun}` };
    }),
    file(`${stage}_failure_log`, failures.path, async () => {
      const { length } = await failures.read();
      const ignored = await ignoredLines(failures.path);
      const warnings = ignored === 0 ? [] : [`lines that are no run number: ${ignored}; they are ignored`];
      return { text: `${length} failed runs`, warnings };
    }),
    file(`${stage}_seen_runs`, seen.path, async () => {
      await seen.inspect();
      return { text: 'readable' };
    }),
  ];
}

/** The check of the log file, if one is configured: whether lines can be added to it. */
export function logFileChecks({ app }: ArchiverConfig): Check[] {
  const { logFile, workDir } = app;
  if (logFile === undefined) return [];
  const look = async (): Promise<Finding> =>
    checkFile('app.log_file', logFile, workDir, async () => ({ text: 'writable' }), 'will be made');
  return [{ name: 'log_file', subject: `log_file ${logFile}`, look }];
}

/** The right to write into the work directory has a check of its own. */
async function checkFile(
  parameter: string,
  path: string,
  workDir: string,
  read: () => Promise<Finding>,
  absent = 'none yet',
): Promise<Finding> {
  const directory = dirname(resolve(path));
  if (directory !== resolve(workDir)) await checkMayWrite(directory, parameter);
  const stats = await looking(`${parameter} ${path} can't be looked at`, () =>
    stat(path).catch(undefinedIfAbsent),
  );
  if (stats === undefined) return { text: absent };
  // Reading a pipe would wait for a writer.
  if (!stats.isFile()) {
    throw new ConfigurationError(`${parameter} ${path} is no file; name another one, or move it away`);
  }
  return read();
}

async function ignoredLines(path: string): Promise<number> {
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !/^[0-9]+$/.test(line)).length;
}
