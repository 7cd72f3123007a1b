import { statfs } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { backendOf } from '../artdaqdb/schemes.ts';
import type { ArchiverConfig } from '../config/archiver-config.ts';
import type { Environment } from '../environment.ts';
import { ArchiverError } from '../errors.ts';
import { placeOf } from '../files/directory-access.ts';
import type { Logger } from '../log/logger.ts';
import type { StageObserver } from '../stages/stage-observer.ts';
import { isSystemError } from '../system-error.ts';
import type { Gauges } from './stage-gauges.ts';

const MEGABYTE = 1e6;
/** A dead file server never answers. */
const PATIENCE_MS = 2000;

/** What a {@link FreeSpace} works with. */
export interface FreeSpaceOptions {
  readonly config: Pick<ArchiverConfig, 'app' | 'artdaqDb'>;
  /** For variables in the path of a FilesystemDB. */
  readonly env: Environment;
  readonly logger: Logger;
  /** Sends a value to Carbon, if that is wanted. */
  readonly post?: ((name: string, value: number) => void) | undefined;
}

/** A directory that the archiver writes to, on a file system of this machine. */
interface StoragePlace {
  readonly parameter: string;
  readonly gauge: 'work_dir_free_bytes' | 'artdaqdb_free_bytes';
  /** For Carbon. */
  readonly metric: string;
  /** @throws ConfigurationError if the configuration names none */
  readonly directory: () => string | undefined;
}

/** Warns of file systems that will soon be full, once an execution, before and after each stage. */
export class FreeSpace implements StageObserver {
  readonly #options: FreeSpaceOptions;
  readonly #places: readonly StoragePlace[];
  readonly #warned = new Set<string>();
  /** Places that gave no answer: each further question would keep a thread of this process. */
  readonly #silent = new Set<StoragePlace>();

  constructor(options: FreeSpaceOptions) {
    this.#options = options;
    this.#places = placesOf(options);
  }

  async begin(): Promise<void> {
    await this.#look();
  }

  async stageEnded(): Promise<void> {
    const free = await this.#look();
    for (const { gauge, metric } of this.#places) {
      const bytes = free[gauge];
      if (bytes !== undefined) this.#options.post?.(metric, bytes);
    }
  }

  async close(): Promise<void> {
    // Everything was said when the stages ended.
  }

  /** The free space now, as far as it can be told. */
  async gauges(): Promise<Gauges> {
    const places = this.#places.filter((place) => !this.#silent.has(place));
    const found = await Promise.all(
      places.map(async (place) => {
        const bytes = await freeBytes(place.directory);
        if (bytes === 'silent') this.#silent.add(place);
        return typeof bytes === 'number' ? [[place.gauge, bytes] as const] : [];
      }),
    );
    return Object.fromEntries(found.flat());
  }

  async #look(): Promise<Gauges> {
    const { logger, config } = this.#options;
    const { minFreeMb } = config.app;
    const gauges = await this.gauges();
    for (const { gauge, parameter, directory } of this.#places) {
      const bytes = gauges[gauge];
      if (bytes === undefined || bytes >= minFreeMb * MEGABYTE || this.#warned.has(parameter)) continue;
      this.#warned.add(parameter);
      // Without the number of bytes: the log shows the same warning once a day.
      logger
        .child({ repeats: true })
        .warning(
          `Little space is left for ${parameter} ${directory()}, less than app.min_free_mb (${minFreeMb}): ` +
            'make room before the disk is full; --check-config tells how much there is',
        );
    }
    return gauges;
  }
}

function placesOf({ config, env }: FreeSpaceOptions): StoragePlace[] {
  const { databaseUri, useTools, remoteHost } = config.artdaqDb;
  const database: StoragePlace = {
    parameter: 'artdaq_db.database_uri',
    gauge: 'artdaqdb_free_bytes',
    metric: 'artdaqdb.free_bytes',
    directory: () => backendOf(databaseUri).directory(databaseUri, env),
  };
  const isElsewhere = useTools && remoteHost !== undefined;
  return [
    {
      parameter: 'app.work_dir',
      gauge: 'work_dir_free_bytes',
      metric: 'work_dir.free_bytes',
      directory: () => config.app.workDir,
    },
    ...(isElsewhere ? [] : [database]),
  ];
}

/**
 * The bytes that this account may still write where a directory is or will be; undefined if nobody can tell. Then the stages
 * themselves say what is wrong with it.
 */
async function freeBytes(directory: StoragePlace['directory']): Promise<number | 'silent' | undefined> {
  try {
    const path = directory();
    if (path === undefined) return undefined;
    const space = placeOf(path, 'directory').then((place) => statfs(place.path));
    const found = await Promise.race([space, wait(PATIENCE_MS, 'silent' as const, { ref: false })]);
    return found === 'silent' ? found : found.bavail * found.bsize;
  } catch (error) {
    if (error instanceof ArchiverError || isSystemError(error)) return undefined;
    throw error;
  }
}
