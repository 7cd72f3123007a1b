import { resolve } from 'node:path';
import type { Environment } from '../../environment.ts';
import { ConfigurationError } from '../../errors.ts';

const PREFIX = 'filesystemdb://';
const PARAMETER = 'artdaq_db.database_uri';
const VARIABLE = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;
/** Control characters, and what `wordexp`, to which the C++ tools pass the path, would treat specially. */
const SPECIAL = /[\s~$`"'\\|&;<>(){}*?[\]#]|\p{Cc}/u;

/**
 * The directory that a `filesystemdb:///abs/path/db` URI names. `$VAR` and `${VAR}` are expanded as the C++ tools do.
 * Whatever else they would expand or split (`~`, blanks, quotes, wildcards, …) is refused, so both always mean the same
 * directory.
 * @throws ConfigurationError naming the parameter and what is wrong with it
 */
export function databasePath(uri: string, environment: Environment): string {
  const written = uri.slice(PREFIX.length);
  const path = written.replace(VARIABLE, (_reference, braced?: string, plain?: string) =>
    variableValue(braced ?? plain ?? '', uri, environment),
  );
  const special = SPECIAL.exec(path)?.[0];
  if (special !== undefined) {
    throw refused(
      uri,
      `its path holds ${describe(special)}, which the artdaq database tools would not take as it is`,
    );
  }
  if (!path.startsWith('/')) throw refused(uri, 'its path must be absolute, without a host');
  const directory = resolve(path);
  if (directory === '/') throw refused(uri, 'it names no directory below /');
  return directory;
}

function variableValue(name: string, uri: string, environment: Environment): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw refused(uri, `the environment variable ${name} that it uses is not set`);
  }
  return value;
}

function refused(uri: string, reason: string): ConfigurationError {
  const shown = uri.replace(/\/\/.*@/s, '//…@');
  return new ConfigurationError(
    `${PARAMETER} '${shown}' can't be used: ${reason}. Write ${PREFIX}/absolute/path/of/the/database`,
  );
}

function describe(character: string): string {
  return /[\s\p{Cc}]/u.test(character) ? `a blank or control character` : `the character ${character}`;
}
