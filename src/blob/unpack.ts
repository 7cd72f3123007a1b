import { isUtf8 } from 'node:buffer';
import { BlobError } from '../errors.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { directoriesOf } from '../files/parent-directories.ts';
import { parseRunNumber, type RunNumber } from '../runs/run-number.ts';

/** A blob taken apart. */
export interface UnpackedRecord {
  readonly run: RunNumber;
  /** `<Mon DD HH:MM>`, UTC; the format holds no year. */
  readonly packedAt: string;
  /** In the order of the blob. */
  readonly files: readonly FhiclFile[];
}

/** The files between header and footer, and where the last of them ends. */
export interface Sections {
  readonly files: readonly FhiclFile[];
  readonly end: number;
}

const HEADER =
  /^Start of Record\nRun Number: ([0-9]+)\nPacked on ([A-Z][a-z]{2} [0-9]{2} [0-9]{2}:[0-9]{2}) UTC\n/;
/** Stands behind the last file. */
export const END_OF_RECORD = '\nEnd of Record\n';

/** A blob taken apart as bytes. The names are as they stand in it, and may lead anywhere. */
export interface UnpackedBytes extends Omit<UnpackedRecord, 'files'> {
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/**
 * Takes a blob apart (documentation/FILE_FORMATS.md, "Blob"). Header, footer and all between must be as the packer
 * writes them.
 * @param blob UTF-8
 * @throws BlobError saying what is wrong
 */
export function unpackBlob(blob: Buffer): UnpackedRecord {
  if (!isUtf8(blob)) throw new BlobError('not a run record: it is not UTF-8 text');
  const { run, packedAt, files } = takeApart(blob.toString('utf8'));
  checkNames(files, run);
  return { run, packedAt, files };
}

/**
 * Takes apart a blob that an older archiver may have stored: names may have directories, and contents needn't be text.
 * @throws BlobError if it does not have that format
 */
export function unpackBytes(blob: Buffer): UnpackedBytes {
  // Latin-1 has a character for each byte, and what separates the files is ASCII.
  const { run, packedAt, files } = takeApart(blob.toString('latin1'));
  const unpacked = files.map(({ name, text }) => ({
    name: decodeName(Buffer.from(name, 'latin1'), run),
    bytes: Buffer.from(text, 'latin1'),
  }));
  return { run, packedAt, files: unpacked };
}

function takeApart(text: string): UnpackedRecord {
  const header = HEADER.exec(text);
  const run = parseRunNumber(header?.[1] ?? '');
  const packedAt = header?.[2];
  if (header === null || run === undefined || packedAt === undefined) {
    throw new BlobError('not a run record: it does not begin with the three header lines');
  }
  const { files, end } = splitSections(text, header[0].length);
  const rest = text.slice(end);
  if (rest !== footer(run, packedAt)) {
    throw new BlobError(
      `run ${run}: the record does not end with the three footer lines that match its header`,
    );
  }
  return { run, packedAt, files };
}

function decodeName(bytes: Buffer, run: RunNumber): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new BlobError(
    `run ${run}: the name of a file is not UTF-8 (${JSON.stringify(bytes.toString('latin1'))})`,
    { run },
  );
}

/**
 * Splits the text from `start` at the file markers, first come first served, up to the end-of-record line after the
 * last marker (or the end of the text).
 */
export function splitSections(text: string, start: number): Sections {
  const marker = /\n#####\n([^\n]+?):\n#####\n/g;
  marker.lastIndex = start;
  const found = [...text.matchAll(marker)];
  if (found[0]?.index !== start) throw new BlobError('not a run record: no file follows the header');
  const last = found[found.length - 1];
  const endMark = text.indexOf(END_OF_RECORD, last === undefined ? start : last.index + last[0].length);
  const end = endMark === -1 ? text.length : endMark;
  const files = found.map((match, i) => ({
    name: match[1] ?? '',
    text: text.slice(match.index + match[0].length, found[i + 1]?.index ?? end),
  }));
  return { files, end };
}

/** The three lines that end a record, with the empty line before them. */
export function footer(run: RunNumber, packedAt: string): string {
  return `${END_OF_RECORD}Run Number: ${run}\nPacked on ${packedAt} UTC\n`;
}

/**
 * Names must be base names that differ in any letter case: whoever unpacks makes files of them.
 * @throws BlobError naming the file
 */
export function checkNames(files: readonly FhiclFile[], run: RunNumber): void {
  const seen = new Map<string, string>();
  for (const { name } of files) {
    if (!isBaseName(name)) {
      throw new BlobError(`run ${run}: ${JSON.stringify(name)} is not the base name of a file`, { run });
    }
    const key = name.toLowerCase();
    const other = seen.get(key);
    if (other !== undefined)
      throw new BlobError(`run ${run}: ${name} and ${other} would be the same file in the blob`, { run });
    seen.set(key, name);
  }
}

/**
 * Names must be of files below one directory and differ in any letter case, and none may be the directory of another.
 * @throws BlobError naming the file
 */
export function checkPaths(names: readonly string[], run: RunNumber): void {
  const files = new Map<string, string>();
  for (const name of names) {
    if (!name.split('/').every(isBaseName)) {
      throw new BlobError(`run ${run}: ${JSON.stringify(name)} is not the path of a file below a directory`);
    }
    const other = files.get(name.toLowerCase());
    if (other !== undefined) throw new BlobError(`run ${run}: ${name} and ${other} would be the same file`);
    files.set(name.toLowerCase(), name);
  }
  for (const name of names) {
    const file = directoriesOf(name.toLowerCase()).find((directory) => files.has(directory));
    if (file !== undefined)
      throw new BlobError(`run ${run}: ${file} would be a file and the directory of ${name}`);
  }
}

/** Can it be the name of a file or directory, without any other directory? */
function isBaseName(name: string): boolean {
  return /^[^/\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u.test(name) && name !== '.' && name !== '..';
}
