import { execFileSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEnvFile } from '../../../src/config/env-file.ts';
import { readConfigFile } from '../../../src/config/load.ts';
import { readRegularFile, readRegularFileSync } from '../../../src/files/regular-file.ts';
import { acquireProcessLock } from '../../../src/lock/process-lock.ts';
import { readSchemaFile } from '../../../src/records/schema-file.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { FailureReasons } from '../../../src/state/failure-reasons.ts';
import { NotifiedFile } from '../../../src/state/notified.ts';
import { SeenRuns } from '../../../src/state/seen-runs.ts';
import { StateFile } from '../../../src/state/state.ts';
import { UconDbClient } from '../../../src/ucondb/ucondb-client.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

/** Makes something of that name that is no regular file. */
const kinds: readonly (readonly [kind: string, make: (path: string) => unknown])[] = [
  ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  ['a device', (path) => symlink('/dev/zero', path)],
  ['a directory', (path) => execFileSync('mkdir', [path])],
];

function openWithCa(caFile: string): unknown {
  const server = { serverUrl: 'https://127.0.0.1:1', folderName: 'f', objectName: 'o' };
  const account = { writerUser: 'u', writerPassword: 'p', timeoutSeconds: 1, tlsVerify: true };
  return new UconDbClient({ ...server, ...account, caFile });
}

/** What reads each file, or tells in a text why it can't. */
const readers: readonly (readonly [file: string, read: (path: string) => unknown])[] = [
  ['state.json', (path) => new StateFile(path, 'import').read()],
  ['failures.log', (path) => new FailureLog(path).change({ add: new Map([[1, 'why']]) })],
  ['seen_runs.json', (path) => new SeenRuns(path).remember([1])],
  ['archiver.lock', (path) => acquireProcessLock(path, { onLost: () => undefined })],
  ['schema.fcl', (path) => readSchemaFile(join(path, '..'))],
  ['archiver.env', (path) => loadEnvFile(path, {})],
  ['ca.pem', openWithCa],
  [
    'reasons.json',
    async (path) => {
      const reasons = new FailureReasons(path, {
        redact: String,
        now: () => new Date(),
        warn: () => undefined,
      });
      throw new Error((await reasons.read()).problem);
    },
  ],
  [
    'notified.json',
    async (path) => {
      const warnings: string[] = [];
      await new NotifiedFile(path, (message) => warnings.push(message)).read('import');
      throw new Error(warnings.join());
    },
  ],
];

it('a configuration may come from a pipe, as a program may decrypt it', async () => {
  const path = join(await temporaryDirectory(), 'config.yaml');
  execFileSync('mkfifo', [path]);
  const [text] = await Promise.all([readConfigFile(path), writeFile(path, 'app: {}\n')]);
  expect(text).toBe('app: {}\n');
});

describe.each(kinds)('What is %s, not a regular file,', (kind, make) => {
  it.each(readers)('is refused at once, and named, in place of %s', async (file, read) => {
    const path = join(await temporaryDirectory(), file);
    await make(path);
    const refused = expect(async () => await read(path)).rejects;
    await refused.toThrow(/not a regular file/);
    await refused.toThrow(new RegExp(`${path}|/dev/zero`));
  });

  it('is called what it is', async () => {
    const path = join(await temporaryDirectory(), 'file');
    await make(path);
    await expect(readRegularFile(path)).rejects.toThrow(`it is ${kind}, not a regular file`);
    expect(() => readRegularFileSync(path)).toThrow(`it is ${kind}, not a regular file`);
  });
});

it('a regular file is read whole, also through a link', async () => {
  const directory = await temporaryDirectory();
  const bytes = Buffer.alloc(200_000, 'x\xff', 'latin1');
  await writeFile(join(directory, 'file'), bytes);
  await symlink('file', join(directory, 'link'));
  expect((await readRegularFile(join(directory, 'link'))).equals(bytes)).toBe(true);
  expect(readRegularFileSync(join(directory, 'link')).equals(bytes)).toBe(true);
});
