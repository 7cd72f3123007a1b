import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const OPTIONS = new Map([
  ['-r', 'run'],
  ['-c', 'config'],
  ['-p', 'path'],
  ['-t', 'threads'],
]);

/** Ends like the real programs when the arguments won't do. */
export function readArguments(argv) {
  const given = {};
  for (let place = 0; place < argv.length; place += 2) {
    const name = OPTIONS.get(argv[place]);
    const value = argv[place + 1];
    if (name === undefined || value === undefined || OPTIONS.has(value)) process.exit(128);
    given[name] = value;
  }
  if (given.path === undefined) process.exit(129);
  if (given.config === undefined) process.exit(130);
  if (given.run === undefined) process.exit(131);
  return { threads: '1', ...given };
}

/** All files below a directory. */
export function filesBelow(directory) {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Leaves a trace for the test: one line of JSON a call. */
export function noteCall(place, tool, given) {
  const { ARTDAQ_DATABASE_URI: uri, LD_LIBRARY_PATH: libraries, PATH: searched } = process.env;
  const mode = statSync(given.path).mode & 0o777;
  const files = filesBelow(given.path).map((file) => file.slice(given.path.length + 1));
  const call = { tool, ...given, uri, libraries, searched, mode, files };
  appendFileSync(join(place, 'calls.jsonl'), `${JSON.stringify(call)}\n`);
}
