import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Parameters of a configuration file by section; objects are sections in them. */
export type Parameters = Readonly<
  Record<string, Readonly<Record<string, string | number | boolean | object>>>
>;

/**
 * A DAQ site in a temporary directory: run records, schema, configuration, work directory. It is there from {@link make} to
 * {@link remove}.
 */
export class Site {
  /** Not under /tmp, of which `--check-config` warns. */
  readonly directory = join(
    `${tmpdir()}/`.startsWith('/tmp/') ? '/var/tmp' : tmpdir(),
    `archiver-site-${randomBytes(6).toString('hex')}`,
  );
  readonly config = join(this.directory, 'config.yaml');
  readonly runRecords = join(this.directory, 'run_records');
  readonly work = join(this.directory, 'work');
  readonly lockFile = join(this.work, '.archiver.lock');
  readonly database = join(this.directory, 'artdaqdb');

  /** @param serverUrl of UconDB */
  make(serverUrl: string, parameters: Parameters = {}): this {
    mkdirSync(this.directory);
    mkdirSync(this.runRecords);
    mkdirSync(join(this.directory, 'conf'));
    writeFileSync(join(this.directory, 'conf', 'schema.fcl'), 'run_history: [ ]\n');
    this.configure(serverUrl, parameters);
    return this;
  }

  configure(serverUrl: string, parameters: Parameters = {}): void {
    const sections: Parameters = {
      app: { work_dir: this.work, log_file: join(this.work, 'archiver.log'), retry_delay_seconds: 0 },
      source_files: { run_records_dir: this.runRecords },
      artdaq_db: {
        database_uri: `filesystemdb://${this.database}`,
        fcl_conf_dir: join(this.directory, 'conf'),
      },
      ucon_db: { server_url: serverUrl, object_name: 'runs', timeout_seconds: 5, ...writer },
    };
    for (const [section, values] of Object.entries(parameters)) {
      Object.assign(sections, { [section]: { ...sections[section], ...values } });
    }
    writeFileSync(this.config, JSON.stringify(sections), { mode: 0o600 });
  }

  /** Adds a small run record that was finished long ago; `files` are added to it or replace its own. */
  addRun(run: number, files: Readonly<Record<string, string>> = {}): void {
    const directory = join(this.runRecords, String(run));
    mkdirSync(directory);
    const all = {
      'metadata.txt': `Config name: test${run}\nComponent #0: component01\n\nDAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n`,
      'boot.txt': 'DAQ setup script: /daq/setup.sh\ndebug level: 1\n',
      'component01.fcl': `daq: {\n  run: ${run}\n}\n`,
      ...files,
    };
    for (const [name, text] of Object.entries(all)) {
      writeFileSync(join(directory, name), text);
      utimesSync(join(directory, name), 0, 0);
    }
    utimesSync(directory, 0, 0);
  }

  /** Adds a run record that fails in line 1 of component01.fcl. */
  addFaultyRun(run: number): void {
    this.addRun(run, { 'component01.fcl': 'daq: {\n' });
  }

  /** Replaces a faulty run record by a good one. */
  repair(run: number): void {
    rmSync(join(this.runRecords, String(run)), { recursive: true });
    this.addRun(run);
  }

  addRuns(...runs: readonly number[]): void {
    for (const run of runs) this.addRun(run);
  }

  /** A file of the work directory, as JSON. */
  state(name: 'importer_state.json' | 'migrator_state.json'): unknown {
    return JSON.parse(readFileSync(join(this.work, name), 'utf8'));
  }

  /** A text file of the work directory. */
  read(name: string): string {
    return readFileSync(join(this.work, name), 'utf8');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The account that tests write to UconDB with. */
export const account = { user: 'archiver', password: 'only-in-tests', folder: 'test01' } as const;

const writer = {
  folder_name: account.folder,
  writer_user: account.user,
  writer_password: account.password,
};
