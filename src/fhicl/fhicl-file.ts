/** One FHiCL file of a run, as it goes to the loader, comes from the export and is packed into the blob. */
export interface FhiclFile {
  /** Base name with ending, e.g. `boot.fcl`. Its stem is the entity in artdaqDB. */
  readonly name: string;
  readonly text: string;
}

/** The file that every run is stored with besides its own: how documents map to collections. From `fcl_conf_dir`. */
export const SCHEMA_FILE = 'schema.fcl';

/** The entity that artdaqDB stores a FHiCL file under: its base name without `.fcl`. */
export function entityOf(file: Pick<FhiclFile, 'name'>): string {
  return file.name.endsWith('.fcl') ? file.name.slice(0, -'.fcl'.length) : file.name;
}
