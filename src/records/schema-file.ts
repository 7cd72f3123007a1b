import { join } from 'node:path';
import { ConfigurationError, messageOf } from '../errors.ts';
import { type FhiclFile, SCHEMA_FILE } from '../fhicl/fhicl-file.ts';
import { parseFhicl } from '../fhicl/parse.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { installationDirectory } from '../installation.ts';
import { errorCode } from '../system-error.ts';

/** The archiver never takes it by itself: each site decides, because the schema is stored with every run. */
export const EXAMPLE_SCHEMA = join(installationDirectory(), 'documentation/examples', SCHEMA_FILE);

/**
 * Reads the `schema.fcl` that every run is stored with.
 * @param directory `artdaq_db.fcl_conf_dir`
 * @throws ConfigurationError if it is missing, unreadable or not FHiCL
 */
export async function readSchemaFile(directory: string): Promise<FhiclFile> {
  const path = join(directory, SCHEMA_FILE);
  try {
    const text = (await readRegularFile(path)).toString('latin1');
    parseFhicl(text, path);
    return { name: SCHEMA_FILE, text };
  } catch (error) {
    const advice =
      errorCode(error) === 'ENOENT'
        ? `; put the site's ${SCHEMA_FILE} of artdaq_database there, or, if there is none, a copy of ${EXAMPLE_SCHEMA}`
        : '';
    throw new ConfigurationError(
      `artdaq_db.fcl_conf_dir must hold a valid ${SCHEMA_FILE}, but ${path} can't be used: ${messageOf(error)}${advice}`,
      // Even if its content is at fault, because it is none of the run's files.
      { cause: error, fault: 'site' },
    );
  }
}
