/** The system's name for a failed call (`ENOENT`, `ENOSPC`, …); undefined for any other error. */
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

/** Does the error concern all runs alike: a disk, a file server, the limits of this process? */
export function isOfSite(error: unknown): boolean {
  return OF_SITE.has(errorCode(error) ?? '');
}

/** Did a call to the system fail, rather than the program itself? The codes of Node's own errors begin with `ERR_`. */
export function isSystemError(error: unknown): boolean {
  return /^E[A-Z0-9]+$/.test(errorCode(error) ?? '');
}

/** May the same call succeed a little later, as on a full disk or an unreachable file server? */
export function mayPass(error: unknown): boolean {
  return PASSING.has(errorCode(error) ?? '');
}

/**
 * For `catch`: names the file in an error of the system about an open file, in the form that other calls use, and throws the
 * error again.
 */
export function namingFile(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Error && errorCode(error) !== undefined && !('path' in error)) {
      Object.assign(error, { message: `${error.message} '${path}'`, path });
    }
    throw error;
  };
}

/** For `catch`: undefined for a missing file or directory; throws any other error again. */
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

/** Did a hard link fail because the file system has none? */
export function isWithoutLinks(error: unknown): boolean {
  return NO_LINKS.has(errorCode(error));
}
