import type { FileConfig } from './sections.ts';
import type { ParameterNote } from './tree.ts';

/** Finds values that are allowed, but hardly meant or unsafe. Each note becomes a warning. */
export type Rule = (config: FileConfig) => ParameterNote[];

/** All rules, in the order of their warnings. */
export const rules: readonly Rule[] = [
  logLevelIsKnown,
  uconDbIsVerified,
  remoteHostIsUsed,
  remoteHostIsVerified,
  metricPrefixIsOneWord,
  textfileIsCollected,
  serverUrlEndsInApp,
  writerIsNamed,
];

/** An unknown level means INFO. */
function logLevelIsKnown({ app }: FileConfig): ParameterNote[] {
  return noteIf(
    app.log_level === undefined,
    ['app', 'log_level'],
    'unknown level, INFO is used; allowed DEBUG, INFO, WARNING, ERROR, CRITICAL',
  );
}

/** The archive must not be changed on the way. */
function uconDbIsVerified({ ucon_db }: FileConfig): ParameterNote[] {
  return noteIf(
    !ucon_db.tls_verify,
    ['ucon_db', 'tls_verify'],
    "false: UconDB's certificate is not verified, so anyone in between can read and change what is archived; ca_file is the way to accept a private authority",
  );
}

/** Only the tools run on another host. */
function remoteHostIsUsed({ artdaq_db }: FileConfig): ParameterNote[] {
  return noteIf(
    artdaq_db.remote_host !== undefined && !artdaq_db.use_tools,
    ['artdaq_db', 'remote_host'],
    'no effect, as artdaq_db.use_tools is not true',
  );
}

/** The database's password goes to that host. */
function remoteHostIsVerified({ artdaq_db }: FileConfig): ParameterNote[] {
  return noteIf(
    artdaq_db.use_tools && !artdaq_db.ssh_verify_host,
    ['artdaq_db', 'ssh_verify_host'],
    "false: the key of remote_host is not verified, so anyone in between can read and change what is archived, and read the database's password",
  );
}

/** A blank ends a metric's name for Carbon. */
function metricPrefixIsOneWord({ carbon }: FileConfig): ParameterNote[] {
  return noteIf(
    /\s|\p{Cc}/u.test(carbon.metric_prefix?.trim() ?? ''),
    ['carbon', 'metric_prefix'],
    'blanks end a name for Carbon; _ stands for them',
  );
}

/** The node exporter ignores files with other endings. */
function textfileIsCollected({ metrics }: FileConfig): ParameterNote[] {
  return noteIf(
    metrics.textfile?.endsWith('.prom') === false,
    ['metrics', 'textfile'],
    "does not end in .prom; the node exporter's textfile collector reads no other",
  );
}

/** UconDB's address names its application. */
function serverUrlEndsInApp({ ucon_db }: FileConfig): ParameterNote[] {
  return noteIf(
    !/\/app\/*$/.test(ucon_db.server_url),
    ['ucon_db', 'server_url'],
    'does not end in /app, as the addresses of UconDB do',
  );
}

/** UconDB refuses to store anything without a login. */
function writerIsNamed({ ucon_db }: FileConfig): ParameterNote[] {
  const text = 'empty; UconDB will refuse to store anything';
  return [
    ...noteIf(ucon_db.writer_user === '', ['ucon_db', 'writer_user'], text),
    ...noteIf(ucon_db.writer_password === '', ['ucon_db', 'writer_password'], text),
  ];
}

function noteIf(applies: boolean, path: ParameterNote['path'], text: string): ParameterNote[] {
  return applies ? [{ path, text }] : [];
}
