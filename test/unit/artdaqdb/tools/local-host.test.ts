import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findProgram, searchPath } from '../../../../src/artdaqdb/tools/local-host.ts';
import { ConfigurationError } from '../../../../src/errors.ts';
import { useTemporaryDirectories } from '../../../helpers/temporary-directory.ts';

const makeDirectory = useTemporaryDirectories();
let one: string;
let two: string;

beforeEach(async () => {
  const directory = await makeDirectory();
  [one, two] = [join(directory, 'one'), join(directory, 'two')];
  for (const each of [one, two]) await mkdir(each);
});

async function place(directory: string, content: string | Buffer, mode = 0o755): Promise<void> {
  await writeFile(join(directory, 'bulkloader'), content);
  await chmod(join(directory, 'bulkloader'), mode);
}

const find = () => findProgram('bulkloader', [one, two]);

describe('findProgram', () => {
  it('takes the first script or program of this system, also behind a link', async () => {
    await place(two, '#!/bin/sh\n');
    expect(await find()).toBe(join(two, 'bulkloader'));
    await symlink('/bin/true', join(one, 'bulkloader'));
    expect(await find()).toBe(join(one, 'bulkloader'));
  });

  it('names all directories if it finds nothing', async () => {
    await expect(find()).rejects.toThrow(ConfigurationError);
    await expect(find()).rejects.toThrow(`bulkloader was not found in ${one}, ${two}`);
  });

  it.each([
    ['#!/bin/sh\n', 0o644, 'may not be executed'],
    ['echo hello\n', 0o755, 'is neither a program nor a script'],
    ['', 0o755, 'is neither a program nor a script'],
    [Buffer.from('\x7fELF\x01\x02\x01'.padEnd(32, '\0'), 'latin1'), 0o755, 'is built for another processor'],
  ])('passes over %j, and tells why', async (content, mode, reason) => {
    await place(one, content, mode);
    await expect(find()).rejects.toThrow(`${join(one, 'bulkloader')} ${reason}`);
    await place(two, '#!/bin/sh\n');
    expect(await find()).toBe(join(two, 'bulkloader'));
  });

  it('passes over a directory', async () => {
    await mkdir(join(one, 'bulkloader'));
    await expect(find()).rejects.toThrow('is no file');
  });

  it('passes over a program with half a header', async () => {
    await symlink(process.execPath, join(two, 'bulkloader'));
    await place(one, '\x7fELF');
    expect(await find()).toBe(join(two, 'bulkloader'));
  });
});

it('searches lib before PATH', () => {
  expect(searchPath('/opt/lib', '/usr/bin::/bin:/usr/bin')).toEqual(['/opt/lib', '/usr/bin', '/bin']);
  for (const path of [undefined, '']) {
    expect(searchPath('/opt/lib', path)).toEqual(['/opt/lib', '/usr/bin', '/bin']);
  }
});
