import { readFile } from 'node:fs/promises';
import type { Environment } from '../environment.ts';
import { ConfigurationError, messageOf } from '../errors.ts';
import { shortened } from '../shown-text.ts';
import { errorCode } from '../system-error.ts';
import { type ArchiverConfig, toArchiverConfig } from './archiver-config.ts';
import { type Expansion, expandConfig } from './expand.ts';
import { fromFlatEmail } from './flat-email.ts';
import { type ChangedScalar, readYaml } from './read-yaml.ts';
import { rules } from './rules.ts';
import { readSecretFiles } from './secret-files.ts';
import { configFile, numericParameters } from './sections.ts';
import {
  type ConfigPath,
  type ConfigSection,
  type ConfigValue,
  nameOf,
  type ParameterNote,
  valueAt,
} from './tree.ts';
import { unknownNames } from './unknown-names.ts';

/** A configuration that can be used. */
export interface LoadedConfig {
  readonly config: ArchiverConfig;
  /** What the operator should know, each with its place; nothing is logged here. */
  readonly warnings: readonly string[];
}

/**
 * Reads, expands and checks a configuration file.
 * @param env the environment, with `archiver.env` already in it
 * @throws ConfigurationError with every problem on a line of its own: `file:line:column section.parameter: problem; found
 *   X; allowed Y`. Secrets are never shown.
 */
export async function loadConfig(file: string, env: Environment): Promise<LoadedConfig> {
  return parseConfig(await readConfigFile(file), file, env);
}

/**
 * As {@link loadConfig}, from the text of the file. Reads the files that hold secrets.
 * @param file its name, for messages
 */
export function parseConfig(text: string, file: string, env: Environment): LoadedConfig {
  const yaml = readYaml(text, file);
  const expansion = expandConfig(yaml.tree, env);
  const { tree: withEmail, originOf, warning: deprecation } = fromFlatEmail(expansion.tree);
  const { tree, problems: unreadable, warnings: readable } = readSecretFiles(withEmail);
  const parsed = configFile.safeParse(tree);
  const unknown = unknownNames(expansion.tree);
  const line = ({ path, text: said }: ParameterNote) => `${yaml.locate(path)} ${nameOf(path)}: ${said}`;

  const isUnexpanded = isAmong(expansion.problems);
  const refusals = (parsed.error?.issues ?? []).flatMap(({ path: names, message }) => {
    const path = names.map(String);
    const origin = originOf(path);
    if (isUnexpanded(origin)) return [];
    const value = valueAt(tree, path);
    const problem = value === undefined ? 'missing' : 'not usable';
    const found = describeValue(path, value) + unsetVariable(expansion, origin);
    return [{ path: origin, text: `${problem}; found ${found}; allowed ${message}` }];
  });
  const withoutSecret = unreadable.map(({ path, text: reason }) => ({
    path,
    text: reason + unsetVariable(expansion, path),
  }));
  const problems = [...expansion.problems, ...withoutSecret, ...refusals];
  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError(summary(file, problems.map(line), unknown.map(line)));
  }

  const doubts = rules
    .flatMap((rule) => rule(parsed.data))
    .map(({ path, text: doubt }) => ({ path: originOf(path), text: doubt }));
  const isDoubted = isAmong(doubts);
  const isEmptied = isAmong(expansion.emptied);
  const isNumber = isAmong(numericParameters.map((path) => ({ path: originOf(path) })));
  const notes = [
    ...unknown,
    ...(deprecation === undefined ? [] : [deprecation]),
    ...expansion.unknown.map((reference) => unknownReference(reference, yaml.tree)),
    ...expansion.unset.filter(({ path }) => !isEmptied(path)).map(partlyUnset),
    ...expansion.emptied
      .filter(({ path }) => !isDoubted(path))
      .map(({ path, text: reason }) => ({ path, text: `empty, as ${reason}` })),
    ...yaml.changed.flatMap((change) =>
      isNumber(change.path) ? changedNumber(change) : changedText(change),
    ),
    ...readable,
    ...doubts.map(({ path, text: doubt }) => ({ path, text: doubt + unsetVariable(expansion, path) })),
  ];
  return { config: toArchiverConfig(parsed.data, env), warnings: [...yaml.warnings, ...notes.map(line)] };
}

function isAmong(notes: readonly { readonly path: ConfigPath }[]): (path: ConfigPath) => boolean {
  const names = new Set(notes.map(({ path }) => nameOf(path)));
  return (path) => names.has(nameOf(path));
}

/** Unknown names are listed too, as a mistyped name is often the reason for a missing one. */
function summary(file: string, problems: readonly string[], unknown: readonly string[]): string {
  const heading = problems.length === 1 ? [] : [`${file} has ${problems.length} problems:`];
  return [...heading, ...problems, ...unknown].join('\n');
}

function unsetVariable({ unset, emptied }: Expansion, path: ConfigPath): string {
  const isHere = (note: ParameterNote) => nameOf(note.path) === nameOf(path);
  const reason = emptied.find(isHere)?.text ?? unset.filter(isHere).map(notSet)[0];
  return reason === undefined ? '' : ` (${reason})`;
}

function unknownReference({ path, text }: ParameterNote, asWritten: ConfigSection): ParameterNote {
  const reference = isSecret(path, valueAt(asWritten, path)) ? 'a reference' : `the reference \${${text}}`;
  return { path, text: `${reference} names nothing known and stays as written` };
}

function partlyUnset(variable: ParameterNote): ParameterNote {
  return { path: variable.path, text: `${notSet(variable)}, so nothing stands in its place` };
}

function notSet({ text }: ParameterNote): string {
  return `the environment variable ${text} is not set`;
}

/** A number is the same however it is written, unless it is octal (by a leading zero) or base 60 (by colons). */
function changedNumber({ path, written }: ChangedScalar): ParameterNote[] {
  if (!/^[-+]?0[0-7_]*[1-7][0-7_]*$|:/.test(written)) return [];
  const text =
    "YAML reads a number with a leading zero as octal, with colons as base 60; put it in quotes if that isn't meant";
  return [{ path, text }];
}

/** Characters of a number that a message shows. */
const LONGEST_SHOWN = 40;

/** Where a text is wanted, any text other than the written one is a surprise. */
function changedText({ path, written, read }: ChangedScalar): ParameterNote[] {
  const forms = isSecret(path, written)
    ? 'written without quotes, it is a number for YAML, which changes it'
    : `written ${shortened(written, LONGEST_SHOWN)}, YAML reads the number ${shortened(read, LONGEST_SHOWN)}`;
  return [{ path, text: `${forms}; put it in quotes` }];
}

/** Parameters whose value is never shown. */
const secretParameters: ReadonlySet<string> = new Set([
  'ucon_db.writer_password',
  'reporting.email.smtp_password',
  'reporting.smtp_password',
  'reporting.slack.bot_token',
  'healthcheck.url',
]);

/** Can a value, or a reference in it, be part of a secret? */
function isSecret(path: ConfigPath, value: ConfigValue | undefined): boolean {
  return secretParameters.has(nameOf(path)) || (typeof value === 'string' && /[@?]/.test(value));
}

/** A value as a message may show it. */
function describeValue(path: ConfigPath, value: ConfigValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'boolean') return `the boolean ${value}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== 'string') return 'a section';
  if (value === '') return 'an empty text';
  if (isSecret(path, value)) return `a text of ${value.length} characters (not shown)`;
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}

const reasons: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'it does not exist; copy config.yaml.template, or give the path of the file as argument'],
  ['ENOTDIR', 'it does not exist: a part of its path is not a directory'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ELOOP', 'its symbolic links form a circle'],
]);

/**
 * The text of a configuration file, which may be a pipe, as from a program that decrypts it.
 * @throws ConfigurationError if it can't be read, or is not UTF-8
 */
export async function readConfigFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    const reason = reasons.get(errorCode(cause)) ?? messageOf(cause);
    throw new ConfigurationError(`Configuration file '${file}' can't be read: ${reason}`, { cause });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigurationError(`${file}:${lineOfInvalid(bytes)}: not UTF-8 text; save the file as UTF-8`, {
      cause,
    });
  }
}

/** The line, counted from 1, that holds the first byte sequence that is not UTF-8. */
function lineOfInvalid(bytes: Buffer): number {
  const valid = bytes.toString('utf-8').split('\uFFFD')[0] ?? '';
  return valid.split('\n').length;
}
