import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSchemaFile } from '../../../src/records/schema-file.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

it('reads the schema', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'schema.fcl'), 'a: 1\n');
  expect(await readSchemaFile(directory)).toEqual({ name: 'schema.fcl', text: 'a: 1\n' });
});

it('names the parameter and the fault of one that is missing or no FHiCL', async () => {
  const directory = await temporaryDirectory();
  await expect(readSchemaFile(directory)).rejects.toThrow(
    /artdaq_db\.fcl_conf_dir .*schema\.fcl.*ENOENT.*a copy of \/.*\/documentation\/examples\/schema\.fcl$/,
  );
  await writeFile(join(directory, 'schema.fcl'), 'a: 1\nb\n');
  await expect(readSchemaFile(directory)).rejects.toThrow(/schema\.fcl, line 2/);
});

it('ships an example that can be used', async () => {
  const { text } = await readSchemaFile('documentation/examples');
  expect(text).toContain('collection: RunHistory');
});

it('does not wait for a FIFO', async () => {
  const directory = await temporaryDirectory();
  execFileSync('mkfifo', [join(directory, 'schema.fcl')]);
  await expect(readSchemaFile(directory)).rejects.toThrow('not a regular file');
});
