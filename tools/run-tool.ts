import { CommanderError } from 'commander';
import { ArchiverError, messageOf } from '../src/errors.ts';
import { endSoon, exitCodeOf, exitCodes } from '../src/exit.ts';
import {
  codeUnlessLost,
  complain,
  outliveTerminal,
  standardError,
  standardOutput,
} from '../src/log/standard-stream.ts';
import { errorCode } from '../src/system-error.ts';

/**
 * Runs a tool, and ends the process with its exit code.
 * @param program its name, for messages
 * @param work does what the arguments ask for, and returns the exit code
 */
export async function runTool(
  program: string,
  work: (argv: readonly string[]) => Promise<number>,
): Promise<void> {
  process.exitCode = exitCodes.unexpectedError;
  outliveTerminal();
  const worked = await work(process.argv.slice(2)).catch((error: unknown) => codeOfFailure(program, error));
  const code = codeUnlessLost(program, worked);
  process.exitCode = code;
  endSoon(code);
}

/** Says what ended a tool, unless commander has said it, and gives the exit code. */
export function codeOfFailure(program: string, error: unknown): number {
  if (error instanceof CommanderError) return exitCodeOf(error);
  // The user of a tool names its files, so a call to the system that fails is no bug.
  const isOfSystem = errorCode(error) !== undefined && !(error instanceof ArchiverError);
  return complain(program, isOfSystem ? new ArchiverError(messageOf(error), { cause: error }) : error);
}

/** Commander's own output would end a tool whose reader has gone; this one does not. */
export const commandOutput = {
  writeOut: (text: string): unknown => standardOutput.write(text),
  writeErr: (text: string): unknown => standardError.write(text),
};
