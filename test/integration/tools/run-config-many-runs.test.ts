import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { toStoredBytes } from '../../../src/fhicl/document.ts';
import { answerFind } from '../../../tools/run-config/answer-find.ts';
import type { AnswerFormat } from '../../../tools/run-config/flags.ts';
import { PathPattern } from '../../../tools/run-config/path-pattern.ts';
import type { RecordSource } from '../../../tools/run-config/record-source.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

const FIRST = 10_001;
const RUNS = 10_000;
const ENTITIES = ['boot', 'component01', 'component02', 'metadata', 'settings'];
const runs = Array.from({ length: RUNS }, (_, i) => FIRST + i);

/** Tells run and entity of its document; as the C++ tools, it has nothing to do with names. */
const idOf = (run: number, entity: number) =>
  `${run.toString(16).padStart(16, '0')}${entity.toString(16).padStart(8, '0')}`;

/** An index in the layout of the C++ tools. */
function indexOf(entities: readonly string[]): string {
  const list = (texts: readonly string[]) => `[\n${texts.map((text) => `"${text}"`).join(',\n')}\n]`;
  const map = (entries: readonly (readonly [string, readonly string[]])[]) =>
    `{\n${entries.map(([key, texts]) => `"${key}" : ${list(texts)}`).join(',\n')}\n}`;
  const idsOf = (run: number) => entities.map((_, entity) => idOf(run, entity));
  const byRun = (key: (run: number) => string) => map(runs.map((run) => [key(run), idsOf(run)]));
  const members = {
    ouid: list(runs.flatMap(idsOf)),
    version: byRun((run) => `${run}/physics`),
    'configurations.name': byRun((run) => `${run}/physics`),
    'entities.name': map(entities.map((name, entity) => [name, runs.map((run) => idOf(run, entity))])),
    'aliases.active.name': map([]),
    'runs.name': byRun(String),
    'configurations.assigned': map(runs.map((run) => [`${run}/physics`, ['2024-01-01T00:00:00.000+0000']])),
  };
  const parts = Object.entries(members).map(([name, text]) => `"${name}" : ${text}`);
  return `{\n${parts.join(',\n')}\n}`;
}

/** The document of an id, as if it lay on the disk. */
function storedDocument(path: string): Buffer {
  const id = basename(path, '.json');
  const run = Number.parseInt(id.slice(0, 16), 16);
  const entity = ENTITIES[Number.parseInt(id.slice(16), 16)] ?? '';
  const text = `daq: {\n  fragment_receiver: {\n    gain: ${run < 15_000 ? 12 : 14}\n    name: "${entity}"\n  }\n}\n`;
  return toStoredBytes(text, {
    entity,
    run,
    config: 'physics',
    collection: 'RunHistory',
    id,
    now: new Date(0),
  });
}

/** Ten thousand runs of the C++ tools, and how often what was read of them. */
async function database() {
  const directory = await temporaryDirectory();
  const index = [
    ['RunHistory', indexOf(ENTITIES)],
    ['SystemLayout', indexOf(['schema'])],
  ] as const;
  for (const [collection, text] of index) {
    await mkdir(join(directory, collection));
    await writeFile(join(directory, collection, 'index.json'), text);
  }
  const counts = { documents: 0, most: 0, indexBytes: 0, listings: 0 };
  let open = 0;
  const files: typeof realFiles = {
    ...realFiles,
    readFile: async (path) => {
      counts.documents++;
      counts.most = Math.max(counts.most, ++open);
      await Promise.resolve();
      open--;
      return storedDocument(path);
    },
    readSync: ((...args: Parameters<typeof realFiles.readSync>) => {
      const bytes = realFiles.readSync(...args);
      counts.indexBytes += bytes;
      return bytes;
    }) as typeof realFiles.readSync,
    readdir: (() => {
      counts.listings++;
      throw new Error('no directory is listed');
    }) as unknown as typeof realFiles.readdir,
  };
  const db = new FilesystemDb(directory, { files });
  const source: RecordSource = {
    title: 'artdaqDB',
    location: db.location,
    listRuns: () => db.listRuns(),
    read: async (run, entities) => (await db.documentsOf(run, entities)) ?? [],
    close: () => db.close(),
  };
  return { source, counts, indexSize: index.reduce((sum, [, text]) => sum + text.length, 0) };
}

async function find(source: RecordSource, pattern: string, changes: boolean, format: AnswerFormat = 'text') {
  let written = '';
  const said: string[] = [];
  const code = await answerFind(
    { action: 'find', pattern: new PathPattern(pattern), runs: undefined, changes, all: false },
    {
      source,
      from: 'artdaqdb',
      format,
      write: (text) => {
        written += text;
        return true;
      },
      say: (message) => said.push(message),
      progress: undefined,
      stop: new AbortController().signal,
    },
  );
  return { code, written, said };
}

describe('a parameter of ten thousand runs', () => {
  it('takes one document a run, and each index about twice', async () => {
    const { source, counts, indexSize } = await database();
    const { code, written, said } = await find(source, 'component01.fcl:daq.fragment_receiver.gain', false);
    expect([code, said]).toEqual([0, []]);
    expect(written).toBe(
      'component01.fcl: daq.fragment_receiver.gain\n  10001–14999: 12\n  15000–20000: 14\n',
    );
    expect(counts).toMatchObject({ documents: RUNS, listings: 0 });
    expect(counts.most).toBeLessThanOrEqual(8);
    // A whole scan of each, the list of the entity, and a window of some kilobytes for each look-up.
    expect(counts.indexBytes).toBeLessThan(2 * indexSize + RUNS * 5 * 4096);
  });
});
