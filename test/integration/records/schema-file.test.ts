import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSchemaFile } from '../../../src/records/schema-file.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

it('A schema is read as it is', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'schema.fcl'), 'a: 1\n');
  expect(await readSchemaFile(directory)).toEqual({ name: 'schema.fcl', text: 'a: 1\n' });
});

it('A schema that is missing or not FHiCL gives an error with the parameter and the fault', async () => {
  const directory = await temporaryDirectory();
  await expect(readSchemaFile(directory)).rejects.toThrow(
    /artdaq_db\.fcl_conf_dir .*schema\.fcl.*ENOENT.*a copy of \/.*\/documentation\/examples\/schema\.fcl$/,
  );
  await writeFile(join(directory, 'schema.fcl'), 'a: 1\nb\n');
  await expect(readSchemaFile(directory)).rejects.toThrow(/schema\.fcl, line 2/);
});

it('The example of a schema that we ship can be used', async () => {
  const { text } = await readSchemaFile('documentation/examples');
  expect(text).toContain('collection: RunHistory');
});

it('A FIFO in place of a schema keeps nobody waiting', async () => {
  const directory = await temporaryDirectory();
  execFileSync('mkfifo', [join(directory, 'schema.fcl')]);
  await expect(readSchemaFile(directory)).rejects.toThrow('not a regular file');
});
