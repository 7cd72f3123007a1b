/** The system's name of a failed call (`ENOENT`, `ENOSPC`, …), or undefined if the value is not such an error. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const PASSING: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EBUSY',
  'ESTALE',
  'ETIMEDOUT',
  'EMFILE',
  'ENFILE',
  'EINTR',
]);

const OF_SITE: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'ESTALE',
  'ENOTCONN',
  'ETIMEDOUT',
  'EMFILE',
  'ENFILE',
]);

/** Did the system fail in a way that concerns all runs alike: a disk, a file server, the limits of this process? */
export function isOfSite(error: unknown): boolean {
  return OF_SITE.has(errorCode(error) ?? '');
}

/** Did a call to the system fail, and not the program itself? Node's own errors have codes that begin with `ERR_`. */
export function isSystemError(error: unknown): boolean {
  return /^E[A-Z0-9]+$/.test(errorCode(error) ?? '');
}

/** May the same call succeed a little later, as on a full disk or a file server that is away? */
export function mayPass(error: unknown): boolean {
  return PASSING.has(errorCode(error) ?? '');
}

/**
 * For `catch`: the system's errors about an open file don't say which; this adds its name in the form in which other calls
 * give theirs, and throws the error again.
 */
export function namingFile(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Error && errorCode(error) !== undefined && !('path' in error)) {
      Object.assign(error, { message: `${error.message} '${path}'`, path });
    }
    throw error;
  };
}

/** For `catch`: undefined for a file or directory that isn't there; any other error is thrown again. */
export function undefinedIfMissing(error: unknown): undefined {
  if (errorCode(error) === 'ENOENT') return undefined;
  throw error;
}

const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'EXDEV',
  'EMLINK',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
]);

/** Did a second name for a file fail because this file system gives none? */
export function isWithoutLinks(error: unknown): boolean {
  return NO_LINKS.has(errorCode(error));
}
