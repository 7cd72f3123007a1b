import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import { BlobError } from '../errors.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { checkNames, END_OF_RECORD, footer, splitSections } from './unpack.ts';

/** The files that end a record, in this order; lower-cased, as they are compared. */
const LAST_FILES = [
  'boot.fcl',
  'known_boardreaders_list.fcl',
  'setup.fcl',
  'environment.fcl',
  'metadata.fcl',
  'settings.fcl',
  'ranks.fcl',
  'runhistory.fcl',
  'runhistory2.fcl',
];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * Packs a run's exported files into the blob that UconDB stores (documentation/FILE_FORMATS.md, "Blob").
 * @param packedAt the packing time written into header and footer, to the minute, in UTC
 * @returns UTF-8
 * @throws BlobError if there is no file, two names differ at most in letter case, a name is not a base name, or the
 *   blob would unpack to other files than went in
 */
export function packBlob(run: RunNumber, files: readonly FhiclFile[], packedAt: Date): Buffer {
  if (files.length === 0) throw new BlobError(`run ${run}: there is no file to pack`, { run });
  checkNames(files, run);
  const ordered = inOrder(files);
  const time = packingTime(packedAt);
  const header = `Start of Record\nRun Number: ${run}\nPacked on ${time} UTC\n`;
  const sections = ordered.flatMap(({ name, text }) => [`\n#####\n${name}:\n#####\n`, text]);
  const end = footer(run, time);
  const blob = joined([header, ...sections, end]);
  if (!isUnmistakable(blob, ordered, blob.length - end.length)) {
    // What isn't UTF-16 (half a surrogate pair) has been changed by now.
    checkUnpacks(blob.toString('utf8'), header.length, ordered, run);
  }
  return blob;
}

function joined(texts: readonly string[]): Buffer {
  const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const text of texts) at += bytes.write(text, at);
  return bytes;
}

/** Ends the line before a file's name, and the line behind it. */
const MARKER_LINE = '#####\n';

/**
 * Do the lines that separate files stand where the packer put them, and nowhere else? Then nothing can go wrong with unpacking.
 * @param end where the files end, if all is ASCII
 */
function isUnmistakable(blob: Buffer, files: readonly FhiclFile[], end: number): boolean {
  if (!isAscii(blob)) return false;
  let lines = 0;
  for (let at = blob.indexOf(MARKER_LINE); at !== -1; at = blob.indexOf(MARKER_LINE, at + 1)) lines++;
  const lastText = files[files.length - 1]?.text ?? '';
  return lines === 2 * files.length && blob.indexOf(END_OF_RECORD, end - lastText.length) === end;
}

/** Are two blobs equal, apart from the two lines that tell when they were packed? */
export function sameRecord(a: Buffer, b: Buffer): boolean {
  const [partsA, partsB] = [withoutPackingTimes(a), withoutPackingTimes(b)];
  return partsA.length === partsB.length && partsA.every((part, i) => partsB[i]?.equals(part) === true);
}

/** A checksum that blobs share exactly if they are the {@link sameRecord}. */
export function recordDigest(blob: Buffer): string {
  const hash = createHash('sha256');
  for (const part of withoutPackingTimes(blob)) hash.update(`${part.length}\n`).update(part);
  return hash.digest('hex');
}

function inOrder(files: readonly FhiclFile[]): FhiclFile[] {
  const sorted = files
    .map((file) => {
      const key = file.name.toLowerCase();
      return { file, key, place: LAST_FILES.indexOf(key) };
    })
    .sort((a, b) => a.place - b.place || (a.key < b.key ? -1 : 1));
  return sorted.map(({ file }) => file);
}

function packingTime(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

/** A file may hold what looks like a marker: what counts is that unpacking gives back what was packed. */
function checkUnpacks(blobText: string, start: number, packed: readonly FhiclFile[], run: RunNumber): void {
  const { files } = splitSections(blobText, start);
  packed.forEach(({ name, text }, i) => {
    const unpacked = files[i]?.text ?? '';
    if (unpacked === text) return;
    const line = unpacked.split('\n').length + 1;
    throw new BlobError(
      `run ${run}: ${name}:${line}: the text holds the lines that separate the files of a blob, so that the blob would unpack ` +
        'to something else; the run stays in artdaqDB and needs an expert',
      { run },
    );
  });
}

const TIME_LINE = /^Packed on [A-Z][a-z]{2} [0-9]{2} [0-9]{2}:[0-9]{2} UTC\n$/;
const LF = 10;

/** The bytes around the two packing times; all bytes if the times are not where they belong. */
function withoutPackingTimes(blob: Buffer): Buffer[] {
  const second = blob.indexOf(LF) + 1;
  const third = blob.indexOf(LF, second) + 1;
  const body = blob.indexOf(LF, third) + 1;
  const last = blob.lastIndexOf(LF, blob.length - 2) + 1;
  const isTimeLine = (start: number, end?: number) => TIME_LINE.test(blob.toString('latin1', start, end));
  if (body === 0 || last < body || !isTimeLine(third, body) || !isTimeLine(last)) return [blob];
  return [blob.subarray(0, third), blob.subarray(body, last)];
}
