import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, messageOf } from '../errors.ts';
import { type FhiclFile, SCHEMA_FILE } from '../fhicl/fhicl-file.ts';
import { parseFhicl } from '../fhicl/parse.ts';

/**
 * Reads the `schema.fcl` that every run is stored with.
 * @param directory `artdaq_db.fcl_conf_dir`
 * @throws ConfigurationError if it is missing, unreadable or not FHiCL
 */
export async function readSchemaFile(directory: string): Promise<FhiclFile> {
  const path = join(directory, SCHEMA_FILE);
  try {
    // Reading a FIFO would wait for ever.
    if (!(await stat(path)).isFile()) throw new ConfigurationError('it is not a regular file');
    const text = await readFile(path, 'latin1');
    parseFhicl(text, path);
    return { name: SCHEMA_FILE, text };
  } catch (error) {
    throw new ConfigurationError(
      `artdaq_db.fcl_conf_dir must hold a valid ${SCHEMA_FILE}, but ${path} can't be used: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
