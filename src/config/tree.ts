/**
 * A configuration file as read. Numbers are kept in the text form that the reference program (Python) gives them, so that
 * `folder_name: 2.0` is the text `2.0`, and a number may as well be given as text.
 */
export type ConfigValue = string | boolean | null | readonly ConfigValue[] | ConfigSection;

/** A mapping of the file. */
export interface ConfigSection {
  readonly [name: string]: ConfigValue;
}

/** Where a value is in the tree: names of sections and parameters, positions in lists. */
export type ConfigPath = readonly string[];

/** Something to say about a parameter. */
export interface ParameterNote {
  readonly path: ConfigPath;
  /** Never holds a secret. */
  readonly text: string;
}

/** Tells a section from a value, a list and nothing. */
export function isSection(value: ConfigValue | undefined): value is ConfigSection {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined if there is none. */
export function valueAt(tree: ConfigSection, path: ConfigPath): ConfigValue | undefined {
  let value: ConfigValue | undefined = tree;
  for (const name of path) {
    if (isSection(value)) value = Object.hasOwn(value, name) ? value[name] : undefined;
    else value = Array.isArray(value) ? value[Number(name)] : undefined;
  }
  return value;
}

/** A tree with another value at a path of sections, which are made if missing. */
export function withValue(tree: ConfigSection, path: ConfigPath, value: ConfigValue): ConfigSection {
  const [name = '', ...rest] = path;
  if (rest.length === 0) return { ...tree, [name]: value };
  const section = valueAt(tree, [name]);
  return { ...tree, [name]: withValue(isSection(section) ? section : {}, rest, value) };
}

/** `section.parameter`, for messages. */
export function nameOf(path: ConfigPath): string {
  return path.join('.');
}
