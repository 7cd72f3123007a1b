/** The system's name of a failed call (`ENOENT`, `ENOSPC`, …), or undefined if the value is not such an error. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
