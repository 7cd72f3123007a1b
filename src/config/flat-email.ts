import { type ConfigPath, type ConfigSection, isSection, type ParameterNote, valueAt } from './tree.ts';

const SWITCH = 'send_email_on_error';

/** Names of the deprecated email settings directly under `reporting`, and their names in `reporting.email`. */
const modernNames: ReadonlyMap<string, string> = new Map([
  [SWITCH, 'enabled'],
  ['recipient_email', 'recipient_email'],
  ['sender_email', 'sender_email'],
  ['smtp_host', 'smtp_host'],
  ['smtp_port', 'smtp_port'],
  ['smtp_use_tls', 'smtp_use_tls'],
  ['smtp_user', 'smtp_user'],
  ['smtp_password', 'smtp_password'],
]);
const flatNames: ReadonlyMap<string, string> = new Map(
  [...modernNames].map(([flat, modern]) => [modern, flat]),
);

/** A configuration whose email settings stand in `reporting.email`. */
export interface ModernForm {
  /** With `reporting.email` made of the deprecated settings, if the file uses these. */
  readonly tree: ConfigSection;
  /** The path in the file of a parameter of that tree. */
  originOf(path: ConfigPath): ConfigPath;
  readonly warning: ParameterNote | undefined;
}

/** Is this a parameter of the deprecated form? */
export function isFlatEmailParameter(path: ConfigPath): boolean {
  return path.length === 2 && path[0] === 'reporting' && modernNames.has(path[1] ?? '');
}

/**
 * Moves deprecated email settings to `reporting.email`. They count if `send_email_on_error` exists and `reporting.email` does
 * not. Their defaults for port and TLS are 587 and true.
 */
export function fromFlatEmail(tree: ConfigSection): ModernForm {
  const reporting = isSection(tree.reporting) ? tree.reporting : {};
  const used = Object.keys(reporting).filter((name) => modernNames.has(name));
  const [first] = used;
  if (first === undefined) return { tree, originOf: (path) => path, warning: undefined };
  const counts = SWITCH in reporting && isEmpty(valueAt(tree, ['reporting', 'email']));
  const warning = {
    path: ['reporting', counts ? SWITCH : first],
    text: `email settings directly under reporting are deprecated${counts ? '' : ', and have no effect here'}; move them to reporting.email (${used.map((name) => (name === SWITCH ? `${name} as enabled` : name)).join(', ')})`,
  };
  if (!counts) return { tree, originOf: (path) => path, warning };
  const moved = used.map((name) => [modernNames.get(name), reporting[name]]);
  const email = { smtp_port: '587', smtp_use_tls: true, ...Object.fromEntries(moved) };
  return {
    tree: { ...tree, reporting: { ...reporting, email } },
    originOf: (path) => {
      const flat = path[0] === 'reporting' && path[1] === 'email' ? flatNames.get(path[2] ?? '') : undefined;
      return flat === undefined ? path : ['reporting', flat];
    },
    warning,
  };
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
  );
}
