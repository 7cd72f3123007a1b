import { ArtdaqDbError, ConfigurationError } from '../../errors.ts';
import { SCHEMA_FILE } from '../../fhicl/fhicl-file.ts';
import type { RunNumber } from '../../runs/run-number.ts';

/** bulkdownloader gives paths to a shell without quoting them; it takes these as they are. */
const SAFE_PATH = /^[A-Za-z0-9_./+,:@%=-]+$/;
/** The tools put the name into a shell command and into JSON text without quoting it. */
const ACTED_ON = /[\\"'`;&|<>()/\p{Cc}]/u;
/** In front of a shell's comment; of what the variable holds, a directory anywhere would be made. */
const ANOTHER_PATH = /^(?:(?! #).)* \$/;
/** In bytes. */
const LONGEST_FILE_NAME = 255;

/**
 * Refuses a configuration name that the tools would misunderstand: as an option, as part of a command, or as a directory
 * above the one they shall write to.
 * @throws ArtdaqDbError
 */
export function refuseConfig(run: RunNumber, config: string): void {
  const reason = configFault(config);
  if (reason === undefined) return;
  throw new ArtdaqDbError(
    `Run ${run}: bulkloader and bulkdownloader can't handle the configuration name '${config}', ${reason}. ` +
      'With artdaq_db.use_tools: false it can be stored and exported',
    { run, fault: 'run' },
  );
}

function configFault(config: string): string | undefined {
  if (config.startsWith('-')) return 'which they take for an option';
  if (/^\.{0,2}[0-9]*$/.test(config) && config.includes('.')) {
    return 'as they make a directory of what stands before its final digits';
  }
  if (exportFolder(config) === SCHEMA_FILE) return `as they write a file ${SCHEMA_FILE} in that place`;
  const character = ACTED_ON.exec(config)?.[0];
  if (character !== undefined)
    return `as they act on the character ${JSON.stringify(character).slice(1, -1)}`;
  if (ANOTHER_PATH.test(config)) return 'as they act on the character $ after a blank';
  return lengthFault(exportFolder(config));
}

/**
 * Refuses a document whose entity the tools would store under another name, or not at all.
 * @throws ArtdaqDbError
 */
export function refuseEntity(run: RunNumber, entity: string): void {
  const reason = entityFault(entity);
  if (reason === undefined) return;
  throw new ArtdaqDbError(
    `Run ${run}: bulkloader and bulkdownloader can't handle the file name '${entity}.fcl', ${reason}. ` +
      'Rename the file, or set artdaq_db.use_tools to false',
    { run, fault: 'run' },
  );
}

function entityFault(entity: string): string | undefined {
  const file = `${entity}.fcl`;
  if (file !== SCHEMA_FILE && file.includes(SCHEMA_FILE))
    return `which they take for the schema (${SCHEMA_FILE})`;
  const character = /["\\]/.exec(entity)?.[0];
  if (character !== undefined) return `as they act on the character ${character}`;
  return lengthFault(file);
}

function lengthFault(fileName: string): string | undefined {
  if (Buffer.byteLength(fileName) <= LONGEST_FILE_NAME) return undefined;
  return `as a file or directory of that name would have more than ${LONGEST_FILE_NAME} bytes`;
}

/**
 * Refuses a directory for the tools' files that they could not use: bulkloader looks for `.fcl` and `schema.fcl` in whole
 * paths.
 * @throws ConfigurationError
 */
export function refuseDirectory(directory: string): void {
  if (SAFE_PATH.test(directory) && !directory.includes('.fcl')) return;
  throw new ConfigurationError(
    `app.work_dir: bulkloader and bulkdownloader can't work in ${directory}; with artdaq_db.use_tools the path may only hold ` +
      "letters, digits and _ . / + , : @ % = -, and no '.fcl'",
  );
}

/** Does a shell take the name as it is? If not, bulkdownloader makes further directories, where it was started too. */
export function isPlain(config: string): boolean {
  return SAFE_PATH.test(config);
}

/** Where bulkdownloader puts a run's files, besides `schema.fcl`: the configuration name without its final digits. */
export function exportFolder(config: string): string {
  return config.replace(/[0-9]+$/, '');
}
