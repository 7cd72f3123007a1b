import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import type { Environment } from '../environment.ts';
import { ConfigurationError, messageOf } from '../errors.ts';
import { shortened } from '../shown-text.ts';
import { errorCode } from '../system-error.ts';
import { type Expansion, type ExpansionNote, expandConfig } from './expand.ts';
import { fromFlatEmail } from './flat-email.ts';
import { type ChangedScalar, isSurprisingNumber, readYaml } from './read-yaml.ts';
import { doubts, type Finding, missingParameters } from './rules.ts';
import { type ArchiverConfig, toArchiverConfig } from './schema.ts';
import { configFile, numericParameters, sectionPaths } from './sections.ts';
import {
  type ConfigPath,
  type ConfigSection,
  type ConfigValue,
  isSection,
  makeSection,
  nameOf,
  valueAt,
} from './tree.ts';
import { unknownNames } from './unknown-names.ts';

/** Characters of a number that a message shows. */
const LONGEST_SHOWN = 40;

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
 * As {@link loadConfig}, from the text of the file.
 * @param file its name, for messages
 */
export function parseConfig(text: string, file: string, env: Environment): LoadedConfig {
  const yaml = readYaml(text, file);
  const expansion = expandConfig(yaml.tree, env);
  const { tree, originOf, warning } = fromFlatEmail(expansion.tree);
  const line = ({ path, text: problem }: Finding) => {
    const origin = originOf(path);
    return `${yaml.locate(origin)} ${nameOf(origin)}: ${problem}`;
  };
  const parsed = configFile.safeParse(withAllSections(tree));
  const unexpanded = new Set(expansion.problems.map(({ path }) => nameOf(path)));
  const refusals = [...(parsed.error?.issues ?? []).map(asRefusal), ...missingParameters(tree)]
    .filter(({ path }) => !unexpanded.has(nameOf(originOf(path))))
    .map(({ path, text: allowed }) => {
      const value = valueAt(tree, path);
      const problem = value === undefined ? 'missing' : 'not usable';
      const found = describeValue(path, value) + unsetVariable(expansion, originOf(path));
      return { path, text: `${problem}; found ${found}; allowed ${allowed}` };
    });
  const problems = [...expansion.problems, ...refusals];
  const emptied = new Set(expansion.emptied.map(({ path }) => nameOf(path)));
  const isEmptied = (path: ConfigPath): boolean => emptied.has(nameOf(path));
  const unknown = unknownNames(expansion.tree);
  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError(summary(file, problems.map(line), unknown.map(line)));
  }
  const doubted = doubts(tree);
  const isDoubted = (note: ExpansionNote): boolean =>
    doubted.some(({ path }) => nameOf(originOf(path)) === nameOf(note.path));
  const findings = [
    ...unknown,
    ...(warning === undefined ? [] : [warning]),
    ...expansion.unknown.map((note) => unknownReference(note, yaml.tree)),
    ...expansion.unset.filter(({ path }) => !isEmptied(path)).map(partlyUnset),
    ...expansion.emptied
      .filter((note) => !isDoubted(note))
      .map(({ path, text }) => ({ path, text: `empty, as ${text}` })),
    ...yaml.changed.flatMap((change) => changedText(change, originOf)),
    ...doubted.map(({ path, text }) => ({ path, text: text + unsetVariable(expansion, originOf(path)) })),
  ];
  return { config: toArchiverConfig(parsed.data, env), warnings: [...yaml.warnings, ...findings.map(line)] };
}

/** A section that is absent, or has all its lines commented out, is an empty one. */
function withAllSections(tree: ConfigSection): ConfigSection {
  const fill = (section: ConfigSection, prefix: ConfigPath): ConfigSection => {
    const inside = sectionPaths.filter(
      (path) => path.length === prefix.length + 1 && prefix.every((name, i) => path[i] === name),
    );
    const filled = inside.map((path) => {
      const member = section[path.at(-1) ?? ''] ?? makeSection([]);
      return [path.at(-1) ?? '', isSection(member) ? fill(member, path) : member] as const;
    });
    return makeSection([...Object.entries(section), ...filled]);
  };
  return fill(tree, []);
}

function asRefusal({ code, path, message }: z.core.$ZodIssue): Finding {
  return {
    path: path.map(String),
    text: code === 'custom' ? message : 'a section (lines `parameter: value` below it)',
  };
}

function unsetVariable({ unset, emptied }: Expansion, path: ConfigPath): string {
  const isHere = (note: ExpansionNote) => nameOf(note.path) === nameOf(path);
  const reason = emptied.find(isHere)?.text ?? unset.filter(isHere).map(notSet)[0];
  return reason === undefined ? '' : ` (${reason})`;
}

function unknownReference({ path, text }: ExpansionNote, asWritten: ConfigSection): Finding {
  const reference = isSecret(path, valueAt(asWritten, path)) ? 'a reference' : `the reference \${${text}}`;
  return { path, text: `${reference} names nothing known and stays as written` };
}

function partlyUnset({ path, text }: ExpansionNote): Finding {
  return { path, text: `${notSet({ text })}, so nothing stands in its place` };
}

function notSet({ text }: Pick<ExpansionNote, 'text'>): string {
  return `the environment variable ${text} is not set`;
}

/** Where a text is wanted, another one than is written is a surprise; a number is the same however it is written, but for some. */
function changedText(
  { path, written, read }: ChangedScalar,
  originOf: (path: ConfigPath) => ConfigPath,
): Finding[] {
  const isNumber = numericParameters.some((number) => nameOf(originOf(number)) === nameOf(path));
  if (isNumber) {
    const text =
      "YAML reads a number with a leading zero as octal, with colons as base 60; put it in quotes if that isn't meant";
    return isSurprisingNumber(written) ? [{ path, text }] : [];
  }
  const forms = isSecret(path, written)
    ? 'written without quotes, it is a number for YAML, which changes it'
    : `written ${shortened(written, LONGEST_SHOWN)}, YAML reads the number ${shortened(read, LONGEST_SHOWN)}`;
  return [{ path, text: `${forms}; put it in quotes` }];
}

/** The warnings are there because a mistyped name is often the reason for a missing one. */
function summary(file: string, problems: readonly string[], warnings: readonly string[]): string {
  const heading = problems.length === 1 ? [] : [`${file} has ${problems.length} problems:`];
  return [...heading, ...problems, ...warnings].join('\n');
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
 * The text of a configuration file. It may be a pipe, as from a program that decrypts it.
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

/** Parameters whose value is never shown. */
const secretParameters: ReadonlySet<string> = new Set([
  'ucon_db.writer_password',
  'reporting.email.smtp_password',
  'reporting.smtp_password',
  'reporting.slack.bot_token',
  'healthcheck.url',
]);

/** May a value, or a reference in it, be part of a secret? */
function isSecret(path: ConfigPath, value: ConfigValue | undefined): boolean {
  return secretParameters.has(path.join('.')) || (typeof value === 'string' && /[@?]/.test(value));
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
