import { exportIfStored } from '../artdaqdb/export-if-stored.ts';
import { packBlob, sameRecord } from '../blob/pack.ts';
import { type UnpackedRecord, unpackBlob } from '../blob/unpack.ts';
import { BlobError } from '../errors.ts';
import { sourceOfExport } from '../fhicl/exported-source.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { archivedConfigName, archivedMissingTimes } from '../records/archived-record.ts';
import { compareFiles } from '../records/compare.ts';
import { parseDocument } from '../records/converters/fhicl-text.ts';
import type { MissingTimes } from '../records/run-times.ts';
import type { RunNumber } from '../runs/run-number.ts';

/** A run as it goes to artdaqDB again. */
export interface RebuiltRun {
  readonly run: RunNumber;
  /** The configuration name; the run's name in artdaqDB is `<run>/<config>`. */
  readonly config: string;
  /** What an insert stores so that an export gives the blob. */
  readonly documents: readonly FhiclFile[];
  readonly missingTimes: MissingTimes;
}

/**
 * Makes of a run's blob what has to be stored in artdaqDB, and makes sure that an export of it packs to exactly this blob.
 * @param givenConfig the configuration name in place of the one that the blob tells
 * @throws BlobError if the blob is damaged or of another run, or would not come back as it is, naming what differs
 * @throws FhiclError, ArtdaqDbError if artdaqDB would refuse one of its files
 */
export async function rebuiltRun(
  run: RunNumber,
  blob: Buffer,
  givenConfig: string | undefined,
): Promise<RebuiltRun> {
  const record = unpackBlob(blob);
  const { files } = record;
  if (record.run !== run)
    throw new BlobError(`the blob under key ${run} is that of run ${record.run}`, { run });
  const config = givenConfig ?? archivedConfigName(files);
  const asExported = files.map(withText);
  const exported = await exportIfStored(run, config, asExported);
  const different = new Set(compareFiles(exported, files).different);
  const documents = different.size === 0 ? asExported : files.map((file) => sourceOf(file, different));
  confirmSame(record, blob, different.size === 0 ? exported : await exportIfStored(run, config, documents));
  return { run, config, documents, missingTimes: archivedMissingTimes(files) };
}

/** artdaqDB refuses a text of 0 bytes, which is what an empty document exports. */
function withText({ name, text }: FhiclFile): FhiclFile {
  return { name, text: text === '' ? '\n' : text };
}

function sourceOf(file: FhiclFile, different: ReadonlySet<string>): FhiclFile {
  if (!different.has(file.name)) return withText(file);
  const text = sourceOfExport(file.text);
  return { name: file.name, text: parseDocument(text) === undefined ? file.text : text };
}

/** @throws BlobError naming the files that differ */
function confirmSame({ run, files }: UnpackedRecord, blob: Buffer, exported: readonly FhiclFile[]): void {
  if (sameRecord(packBlob(run, exported, new Date(0)), blob)) return;
  const { different, onlyInArtdaqDb, onlyInUconDb } = compareFiles(exported, files);
  const names = [
    ...different.map((name) => firstDifference(name, exported, files)),
    ...onlyInArtdaqDb,
    ...onlyInUconDb,
  ];
  const what = names.length === 0 ? 'the same files, in another order or form' : names.join(', ');
  throw new BlobError(
    `run ${run} can't be rebuilt: artdaqDB would export it otherwise than its blob has it (${what}). Nothing was stored; import ` +
      'it from its run directory if there is one, or get its files with --restore --to',
    { run },
  );
}

/** As `boot.fcl, line 12`. */
function firstDifference(name: string, ...places: readonly (readonly FhiclFile[])[]): string {
  const [one = [], other = []] = places.map(
    (files) => files.find((file) => file.name === name)?.text.split('\n') ?? [],
  );
  return `${name}, line ${1 + one.findIndex((line, index) => line !== other[index])}`;
}
