import { messageOf } from '../errors.ts';
import { canOthersRead } from '../files/others-read.ts';
import { readRegularFileSync } from '../files/regular-file.ts';
import { errorCode } from '../system-error.ts';
import { flag } from './parameter-types.ts';
import { type ConfigPath, type ConfigSection, type ParameterNote, valueAt, withValue } from './tree.ts';

/** A configuration whose secrets stand where the program looks for them, wherever they came from. */
export interface WithSecrets {
  readonly tree: ConfigSection;
  /** Why a secret can't be taken from its file. */
  readonly problems: readonly ParameterNote[];
  readonly warnings: readonly ParameterNote[];
}

/** Each may be given as it is, or by the file that `<name>_file` beside it names. */
const secrets: readonly ConfigPath[] = [
  ['ucon_db', 'writer_password'],
  ['reporting', 'email', 'smtp_password'],
  ['reporting', 'slack', 'bot_token'],
];
const databaseUri: ConfigPath = ['artdaq_db', 'database_uri'];
const databasePasswordFile: ConfigPath = ['artdaq_db', 'database_password_file'];

/** Says why a file gives no secret; continues the name of the parameter. */
class SecretFileError extends Error {}

/**
 * Reads the secrets that the configuration names files of. Those of a section that is not enabled are not read.
 * @param tree with all references replaced
 */
export function readSecretFiles(tree: ConfigSection): WithSecrets {
  const problems: ParameterNote[] = [];
  const warnings: ParameterNote[] = [];
  let filled = tree;
  /** Puts what is made of the secret into the place of a parameter. */
  const fill = (fileAt: ConfigPath, target: ConfigPath, make: (secret: string) => string): void => {
    const file = valueAt(tree, fileAt);
    if (typeof file !== 'string' || isNothing(file) || !isInUse(tree, fileAt)) return;
    try {
      filled = withValue(filled, target, make(readSecret(file)));
      if (canOthersRead(file)) {
        warnings.push({ path: fileAt, text: `every account of this machine can read ${file}: chmod o-r it` });
      }
    } catch (cause) {
      if (!(cause instanceof SecretFileError)) throw cause;
      problems.push({ path: fileAt, text: cause.message });
      // The one problem is said; that the secret is missing as well would only repeat it.
      filled = withValue(filled, target, valueAt(tree, target) ?? '-');
    }
  };
  for (const path of secrets) {
    const name = path.at(-1) ?? '';
    fill([...path.slice(0, -1), `${name}_file`], path, (secret) => {
      if (!isNothing(valueAt(tree, path)))
        throw new SecretFileError(`${name} is given as well; keep one of them`);
      return secret;
    });
  }
  fill(databasePasswordFile, databaseUri, (secret) => withPassword(valueAt(tree, databaseUri), secret));
  return { tree: filled, problems, warnings };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 'None';
}

/** Is its section one that can't be switched off, or that is on? */
function isInUse(tree: ConfigSection, path: ConfigPath): boolean {
  const { data } = flag(false).safeParse(valueAt(tree, [...path.slice(0, -1), 'enabled']));
  return path[0] !== 'reporting' || data === true;
}

/** The content of a file without the line end that editors and `echo` put behind it. */
function readSecret(file: string): string {
  const secret = decoded(file, contentOf(file)).replace(/\r?\n$/, '');
  if (secret === '') throw new SecretFileError(`${file} is empty; put the password or token into it`);
  return secret;
}

function contentOf(file: string): Buffer {
  try {
    return readRegularFileSync(file);
  } catch (cause) {
    const reason = errorCode(cause) === 'ENOENT' ? 'it does not exist' : messageOf(cause);
    throw new SecretFileError(`${file} can't be read: ${reason}`, { cause });
  }
}

function decoded(file: string, content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw new SecretFileError(`${file} is not UTF-8 text`, { cause });
  }
}

/** An address with the password of its account. */
function withPassword(uri: unknown, password: string): string {
  const [, start, rest] = /^(mongodb(?:\+srv)?:\/\/[^:@/?#]+)(@.*)$/is.exec(String(uri)) ?? [];
  if (start === undefined || rest === undefined) {
    throw new SecretFileError(
      'needs a database_uri with an account and without a password, such as mongodb://user@host/database',
    );
  }
  return `${start}:${encodeURIComponent(password)}${rest}`;
}
