import { type InitRequest, parseArguments } from './cli/cli.ts';
import type { Environment } from './environment.ts';
import { ArchiverError } from './errors.ts';
import { endSoon, exitAtOnce, exitCodes } from './exit.ts';
import { builtVersion, installationDirectory } from './installation.ts';
import {
  codeUnlessLost,
  complain,
  outliveTerminal,
  standardError,
  standardOutput,
} from './log/standard-stream.ts';
import { modes } from './modes/all.ts';

const PROGRAM = 'run-archiver';

const now = (): Date => new Date();
const wait = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Runs the program.
 * @param argv arguments after the program's name
 * @param readEnvironment with archiver.env; not called for what needs no configuration, such as `--help`
 * @param sleep lets so many milliseconds pass between two looks at run records
 * @returns the exit code (`exit.ts`)
 */
export async function main(
  argv: readonly string[],
  readEnvironment: () => Environment,
  sleep: (milliseconds: number) => Promise<unknown> = wait,
): Promise<number> {
  const versions = { program: builtVersion(), node: process.version };
  const parsed = parseArguments(argv, modes, versions, standardOutput.columns);
  if (parsed.kind === 'exit') {
    standardOutput.write(parsed.stdout);
    standardError.write(parsed.stderr);
    return codeUnlessLost(PROGRAM, parsed.code);
  }
  if (parsed.kind === 'init') {
    const config = await makeConfiguration(parsed.request, readEnvironment);
    return typeof config === 'number' ? config : main([config, '--check-config'], readEnvironment, sleep);
  }
  // Loaded late, so that --help and usage errors don't wait for all clients.
  const { execute, refuse } = await import('./execute.ts');
  let env: Environment;
  try {
    env = readEnvironment();
  } catch (error) {
    complain(PROGRAM, error);
    return await refuse(parsed.request, error, {
      stdout: standardOutput,
      now,
      complain: (message) => complain(PROGRAM, new ArchiverError(message)),
    });
  }
  outliveTerminal();
  const code = await execute(parsed.request, {
    env,
    stdout: standardOutput,
    stderr: standardError,
    process,
    exit: exitAtOnce,
    now,
    sleep,
  });
  endSoon(code);
  return code;
}

/** @returns the path of the configuration file, or an exit code without one */
async function makeConfiguration(
  request: InitRequest,
  readEnvironment: () => Environment,
): Promise<string | number> {
  const { initialise } = await import('./setup/initialise.ts');
  const { TerminalPrompt } = await import('./setup/terminal-prompt.ts');
  const prompt = process.stdin.isTTY && standardOutput.isWatched ? new TerminalPrompt() : undefined;
  try {
    const config = await initialise(request, {
      prompt,
      env: readEnvironment(),
      installation: installationDirectory(),
      say: (text) => standardOutput.write(text),
    });
    return config ?? exitCodes.stopped;
  } catch (error) {
    return complain(PROGRAM, error);
  } finally {
    prompt?.close();
  }
}
