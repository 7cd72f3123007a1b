import type { Environment } from '../environment.ts';
import { ConfigurationError, messageOf } from '../errors.ts';
import { readRegularFileSync } from '../files/regular-file.ts';
import { errorCode } from '../system-error.ts';
import { readShellWord } from './shell-word.ts';

/**
 * Reads an environment file, if there is one: `KEY=value` lines as a shell reads them, optionally after `export`, with
 * quotes, backslashes, comments, and `$X` or `${X}` of earlier lines and of the environment.
 * @returns the variables that it sets
 * @throws ConfigurationError naming file and line for anything else, as nothing is executed. Values are never shown.
 */
export function loadEnvFile(file: string, env: Environment): Record<string, string> {
  let text: string;
  try {
    text = String(readRegularFileSync(file));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return {};
    throw new ConfigurationError(`${file} can't be read: ${messageOf(cause)}`, { cause });
  }
  return parseEnvFile(text, file, env);
}

/** As {@link loadEnvFile}, from the text of the file. */
export function parseEnvFile(text: string, file: string, env: Environment): Record<string, string> {
  const variables = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    try {
      const [name, value] = readAssignment(
        line,
        (variable) =>
          variables.get(variable) ?? (Object.hasOwn(env, variable) ? env[variable] : undefined) ?? '',
      );
      variables.set(name, value);
    } catch (cause) {
      if (!(cause instanceof ConfigurationError)) throw cause;
      throw new ConfigurationError(`${file}:${index + 1}: ${cause.message}`, { cause });
    }
  }
  return Object.fromEntries(variables);
}

function readAssignment(line: string, lookUp: (variable: string) => string): [name: string, value: string] {
  const [start, name] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=/.exec(line) ?? [];
  if (start === undefined || name === undefined) {
    throw new ConfigurationError(
      'not a KEY=value line (without blanks around =), a comment or an empty line',
    );
  }
  try {
    return [name, readShellWord(line.slice(start.length), lookUp)];
  } catch (cause) {
    if (!(cause instanceof ConfigurationError)) throw cause;
    throw new ConfigurationError(`the value of ${name} ${cause.message}`, { cause });
  }
}
