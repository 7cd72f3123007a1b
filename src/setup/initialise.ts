import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { InitRequest } from '../cli/cli.ts';
import { loadEnvFile } from '../config/env-file.ts';
import { checkParameter } from '../config/sections.ts';
import type { Environment } from '../environment.ts';
import { ConfigurationError, messageOf } from '../errors.ts';
import { makeDirectory } from '../files/directories.ts';
import { userInfoOf } from '../net/user-info.ts';
import { errorCode } from '../system-error.ts';
import { filledTemplate, withSchema } from './filled-template.ts';
import { answerTo, type Prompt, siteQuestions } from './questions.ts';

/** What a new configuration is made with. */
export interface SetupSurroundings {
  /** Somebody to ask; undefined without a terminal. */
  readonly prompt: Prompt | undefined;
  /** With archiver.env. */
  readonly env: Environment;
  /** Where the program is installed, with a slash at its end; archiver.env goes there. */
  readonly installation: string;
  readonly say: (text: string) => void;
}

const PASSWORD = 'ucon_db.writer_password';
const PASSWORD_FILE = 'ucon_db.writer_password_file';
const DATABASE = 'artdaq_db.database_uri';
/** The parameters that hold a secret, and the variables of the template for them. */
const variables: ReadonlyMap<string, string> = new Map([
  [PASSWORD, 'UCONDB_PASSWORD'],
  ['reporting.email.smtp_password', 'SMTP_PASSWORD'],
  ['reporting.slack.bot_token', 'SLACK_BOT_TOKEN'],
  [DATABASE, 'ARTDAQDB_URL'],
]);

/**
 * Writes config.yaml, from the template and from what `--set` or a person says, and archiver.env with its secrets. A file that
 * exists is left alone.
 * @returns the path of config.yaml; undefined if the person wants to stop, when nothing is written
 * @throws ConfigurationError if a parameter can't be what is given, or the file can't be written
 */
export async function initialise(
  { directory, parameters }: InitRequest,
  { prompt, env, installation, say }: SetupSurroundings,
): Promise<string | undefined> {
  const path = resolve(directory, 'config.yaml');
  if (existsSync(path)) throw alreadyThere(path);
  const values = new Map(parameters);
  for (const [name, value] of values) refuseUnusable(name, value);
  const secrets = new Map<string, string>();
  if (prompt === undefined) takeProposals(values, env);
  else if (!(await askAll(prompt, values, secrets, env))) return undefined;
  hideSecrets(values, secrets, env);
  const template = readFileSync(join(installation, 'config.yaml.template'), 'utf8');
  const text = filledTemplate(withSchema(template, join(installation, 'dist/config.schema.json')), values);
  writeNew(path, text);
  say(`Wrote ${path}\n`);
  if (secrets.size > 0) writeSecrets(join(installation, 'archiver.env'), secrets, say);
  return path;
}

function refuseUnusable(name: string, value: string): void {
  const variable = variables.get(name);
  if (variable !== undefined && (name !== DATABASE || hasPassword(value))) {
    throw new ConfigurationError(
      `--set ${name}: other accounts would see a password there; set the environment variable ${variable} instead`,
    );
  }
  const allowed = value.includes('${') ? undefined : checkParameter(name, value);
  if (allowed !== undefined) throw new ConfigurationError(`--set ${name}=${value}: allowed ${allowed}`);
}

function hasPassword(uri: string): boolean {
  return userInfoOf(uri).some((text) => text.includes(':'));
}

/** Without a terminal nobody can be asked. */
function takeProposals(values: Map<string, string>, env: Environment): void {
  const missing: string[] = [];
  for (const { parameter, proposal } of siteQuestions) {
    if (values.has(parameter) || (parameter === DATABASE && env.ARTDAQDB_URL !== undefined)) continue;
    if (proposal === undefined) missing.push(`--set ${parameter}=…`);
    else values.set(parameter, proposal);
  }
  if (missing.length > 0) {
    throw new ConfigurationError(
      `without a terminal --init also needs ${missing.join(' ')}, and the password in the environment variable UCONDB_PASSWORD`,
    );
  }
}

/** @returns false if the person wants to stop */
async function askAll(
  prompt: Prompt,
  values: Map<string, string>,
  secrets: Map<string, string>,
  env: Environment,
): Promise<boolean> {
  prompt.say('Enter takes what is in brackets; Ctrl-C stops, and nothing is written.\n');
  for (const question of siteQuestions.filter(({ parameter }) => !values.has(parameter))) {
    const answer = await answerTo(question, prompt);
    if (answer === undefined) return false;
    values.set(question.parameter, answer);
  }
  if (values.has(PASSWORD_FILE) || env.UCONDB_PASSWORD !== undefined) return true;
  const password = await prompt.ask('Its password (not shown; Enter: I give it later): ', true);
  if (password === undefined) return false;
  if (password !== '') secrets.set('UCONDB_PASSWORD', password);
  return true;
}

/** Puts references into the configuration where it would hold secrets. */
function hideSecrets(values: Map<string, string>, secrets: Map<string, string>, env: Environment): void {
  const uri = values.get(DATABASE);
  if (uri !== undefined && hasPassword(uri)) {
    secrets.set('ARTDAQDB_URL', uri);
    values.set(DATABASE, '${ARTDAQDB_URL}');
  }
  if (!values.has(DATABASE)) values.set(DATABASE, '${ARTDAQDB_URL}');
  values.set(PASSWORD, values.has(PASSWORD_FILE) ? 'null' : '${UCONDB_PASSWORD}');
  for (const variable of ['UCONDB_PASSWORD', 'ARTDAQDB_URL']) {
    const given = env[variable];
    const isUsed = [...values.values()].includes(`\${${variable}}`);
    if (given !== undefined && isUsed && !secrets.has(variable)) secrets.set(variable, given);
  }
}

function writeNew(path: string, text: string): void {
  try {
    makeDirectory(resolve(path, '..'));
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') throw alreadyThere(path);
    throw new ConfigurationError(`${path} can't be written: ${messageOf(cause)}`, { cause });
  }
}

function alreadyThere(path: string): ConfigurationError {
  return new ConfigurationError(`${path} exists and is left alone; name another directory, or move it away`);
}

/** The configuration is of use without them, so that they are no reason to fail. */
function writeSecrets(path: string, secrets: ReadonlyMap<string, string>, say: (text: string) => void): void {
  const there = loadEnvFile(path, {});
  const missing = [...secrets.keys()].filter((name) => !Object.hasOwn(there, name));
  if (missing.length === 0) return;
  const names = missing.join(' and ');
  const lines = [...secrets].map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'\n`);
  try {
    writeFileSync(path, lines.join(''), { flag: 'wx', mode: 0o600 });
    say(`Wrote ${path}, which holds ${names}\n`);
  } catch (error) {
    const reason = errorCode(error) === 'EEXIST' ? 'it exists and is left alone' : messageOf(error);
    say(
      `${path} was not written: ${reason}. ${names} must be in it, or in the environment of the archiver.\n`,
    );
  }
}
