import { parseArguments } from './cli.ts';
import type { Environment } from './environment.ts';
import { programVersion } from './version.ts';

/**
 * Runs the program.
 * @param argv arguments after the program's name
 * @param readEnvironment with archiver.env; not called for what needs no configuration, such as `--help`
 * @returns the exit code (`exit-codes.ts`)
 */
export async function main(argv: readonly string[], readEnvironment: () => Environment): Promise<number> {
  const parsed = parseArguments(argv, { program: programVersion(), node: process.version });
  if (parsed.kind === 'run') {
    // Only now: --help and a usage error need not wait until all clients are loaded.
    const { execute } = await import('./execute.ts');
    return await execute(parsed.request, readEnvironment());
  }
  say(process.stdout, parsed.stdout);
  say(process.stderr, parsed.stderr);
  return parsed.code;
}

/** A reader that has gone away (`| head`) or a full disk has nobody to be reported to, and doesn't change the exit code. */
function say(stream: NodeJS.WriteStream, text: string): void {
  stream.on('error', () => undefined);
  stream.write(text);
}
