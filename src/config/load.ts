import type { z } from 'zod';
import type { Environment } from '../environment.ts';
import { ConfigurationError } from '../errors.ts';
import { type Expansion, type ExpansionNote, expandConfig } from './expand.ts';
import { fromFlatEmail } from './flat-email.ts';
import { readConfigFile } from './read-file.ts';
import { readYaml } from './read-yaml.ts';
import { doubts, type Finding, missingParameters } from './rules.ts';
import { type ArchiverConfig, toArchiverConfig } from './schema.ts';
import { describeValue, isSecret } from './secrets.ts';
import { configFile, sectionPaths } from './sections.ts';
import { type ConfigPath, type ConfigSection, isSection, makeSection, nameOf, valueAt } from './tree.ts';
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
  const unknown = unknownNames(expansion.tree);
  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError(summary(file, problems.map(line), unknown.map(line)));
  }
  const findings = [
    ...unknown,
    ...(warning === undefined ? [] : [warning]),
    ...expansion.unknown.map((note) => unknownReference(note, yaml.tree)),
    ...expansion.unset.flatMap((note) => partlyUnset(note, yaml.tree)),
    ...doubts(tree),
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

function unsetVariable({ unset }: Expansion, path: ConfigPath): string {
  const note = unset.find((candidate) => nameOf(candidate.path) === nameOf(path));
  return note === undefined ? '' : ` (the environment variable ${note.text} is not set)`;
}

function unknownReference({ path, text }: ExpansionNote, asWritten: ConfigSection): Finding {
  const reference = isSecret(path, valueAt(asWritten, path)) ? 'a reference' : `the reference \${${text}}`;
  return { path, text: `${reference} names nothing known and stays as written` };
}

/** Nothing to warn of if the whole value is that variable: an empty value is often what is meant. */
function partlyUnset({ path, text }: ExpansionNote, asWritten: ConfigSection): Finding[] {
  if (valueAt(asWritten, path) === `\${${text}}`) return [];
  return [{ path, text: `the environment variable ${text} is not set, so nothing stands in its place` }];
}

/** The warnings are there because a mistyped name is often the reason for a missing one. */
function summary(file: string, problems: readonly string[], warnings: readonly string[]): string {
  const heading = problems.length === 1 ? [] : [`${file} has ${problems.length} problems:`];
  return [...heading, ...problems, ...warnings].join('\n');
}
