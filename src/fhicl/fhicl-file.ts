/** One FHiCL file of a run: it goes to artdaqDB, comes back from the export and is packed into the blob. */
export interface FhiclFile {
  /** Base name with ending, e.g. `boot.fcl`. Its stem is the entity in artdaqDB. */
  readonly name: string;
  readonly text: string;
}

/** The file of `fcl_conf_dir` that every run is stored with: it maps documents to collections. */
export const SCHEMA_FILE = 'schema.fcl';

/** The entity that artdaqDB stores a FHiCL file under: its base name without `.fcl`. */
export function entityOf(file: Pick<FhiclFile, 'name'>): string {
  return file.name.endsWith('.fcl') ? file.name.slice(0, -'.fcl'.length) : file.name;
}
