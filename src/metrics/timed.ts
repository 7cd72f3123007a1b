import type { ArtdaqDb } from '../artdaqdb/artdaqdb.ts';
import type { UconDb } from '../ucondb/ucondb.ts';

/** Takes the duration of a client's call, successful or not. */
export type CallTimer = (call: string, milliseconds: number) => void;

/** An artdaqDB whose calls are timed, under the names of the Python archiver. */
export function timedArtdaqDb(db: ArtdaqDb, timer: CallTimer): ArtdaqDb {
  const timed = timing('ArtdaqDBClient', timer);
  return {
    location: db.location,
    prepare: () => db.prepare(),
    listRuns: (options) => timed('get_archived_runs', () => db.listRuns(options)),
    has: (run, config) => db.has(run, config),
    insert: (run, config, documents, handOver) =>
      timed('archive_run', () => db.insert(run, config, documents, handOver)),
    update: (run, config, documents) => timed('archive_run', () => db.update(run, config, documents)),
    amend: (run, config, document, mayReplace) => db.amend(run, config, document, mayReplace),
    export: (run) => timed('export_run_configuration', () => db.export(run)),
    close: () => db.close(),
  };
}

/** A UconDB whose calls are timed, under the names of the Python archiver. */
export function timedUconDb(db: UconDb, timer: CallTimer): UconDb {
  const timed = timing('UconDBClient', timer);
  return {
    location: db.location,
    listRuns: (stop, options) => timed('get_existing_runs', () => db.listRuns(stop, options)),
    put: (run, blob, stop) => timed('upload_blob', () => db.put(run, blob, stop)),
    replace: (run, blob, stop) => timed('upload_blob', () => db.replace(run, blob, stop)),
    get: (run, stop, likely) => timed('get_data', () => db.get(run, stop, likely)),
    close: () => db.close(),
  };
}

function timing(client: string, timer: CallTimer) {
  return async <T>(method: string, call: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    try {
      return await call();
    } finally {
      timer(`${client}.${method}`, performance.now() - began);
    }
  };
}
