/** What `stat` with `bigint: true` tells of a file's identity and state. */
export interface FileStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** Identity, size and times of a file as one text. A changed or replaced file has another one. */
export function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: FileStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

/** The same without the time that a rename or a new link changes, too: it tells states of the content only. */
export function contentSignatureOf({ dev, ino, size, mtimeNs }: FileStats): string {
  return [dev, ino, size, mtimeNs].join(':');
}
