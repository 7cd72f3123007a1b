import { parseLogLevel } from './log-level.ts';
import { readFlag } from './parameter-types.ts';
import { requiredWhenEnabled } from './sections.ts';
import { type ConfigPath, type ConfigSection, nameOf, valueAt } from './tree.ts';

/** Something about a parameter that its type alone doesn't tell. */
export interface Finding {
  readonly path: ConfigPath;
  readonly text: string;
}

/** Parameters that are missing because another one is switched on. */
export function missingParameters(tree: ConfigSection): Finding[] {
  return requiredWhenEnabled.flatMap(({ section, names }) => {
    if (readFlag(valueAt(tree, [...section, 'enabled']), false) !== true) return [];
    return names
      .map((name) => [...section, name])
      .filter((path) => ['', 'None', null, undefined].some((none) => none === valueAt(tree, path)))
      .map((path) => ({ path, text: `a text, because ${nameOf(section)}.enabled is true` }));
  });
}

/** What works, but hardly as meant. */
export function doubts(tree: ConfigSection): Finding[] {
  const findings: Finding[] = [];
  const doubt = (path: ConfigPath, text: string) => findings.push({ path, text });
  const level = valueAt(tree, ['app', 'log_level']);
  if (level !== undefined && (typeof level !== 'string' || parseLogLevel(level) === undefined)) {
    doubt(['app', 'log_level'], 'unknown level, INFO is used; allowed DEBUG, INFO, WARNING, ERROR, CRITICAL');
  }
  if (readFlag(valueAt(tree, ['ucon_db', 'tls_verify']), true) === false) {
    doubt(
      ['ucon_db', 'tls_verify'],
      "false: UconDB's certificate is not verified, so anyone in between can read and change what is archived; ca_file is the way to accept a private authority",
    );
  }
  const remoteHost = valueAt(tree, ['artdaq_db', 'remote_host']);
  const usesTools = readFlag(valueAt(tree, ['artdaq_db', 'use_tools']), false) === true;
  if (typeof remoteHost === 'string' && remoteHost !== '' && !usesTools) {
    doubt(['artdaq_db', 'remote_host'], 'no effect, as artdaq_db.use_tools is not true');
  }
  if (usesTools && readFlag(valueAt(tree, ['artdaq_db', 'ssh_verify_host']), true) === false) {
    doubt(
      ['artdaq_db', 'ssh_verify_host'],
      "false: the key of remote_host is not verified, so anyone in between can read and change what is archived, and read the database's password",
    );
  }
  const prefix = valueAt(tree, ['carbon', 'metric_prefix']);
  if (typeof prefix === 'string' && /\s|\p{Cc}/u.test(prefix.trim())) {
    doubt(['carbon', 'metric_prefix'], 'blanks end a name for Carbon; _ stands for them');
  }
  const textfile = valueAt(tree, ['metrics', 'textfile']);
  if (typeof textfile === 'string' && !/^(?:None)?$|\.prom$/.test(textfile)) {
    doubt(
      ['metrics', 'textfile'],
      "does not end in .prom; the node exporter's textfile collector reads no other",
    );
  }
  const url = valueAt(tree, ['ucon_db', 'server_url']);
  if (typeof url === 'string' && url !== '' && !/\/app\/*$/.test(url)) {
    doubt(['ucon_db', 'server_url'], 'does not end in /app, as the addresses of UconDB do');
  }
  for (const name of ['writer_user', 'writer_password']) {
    const path = ['ucon_db', name];
    if (valueAt(tree, path) === '') doubt(path, 'empty; UconDB will refuse to store anything');
  }
  return findings;
}
