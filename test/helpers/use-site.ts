import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { archiveHere } from './archiver-here.ts';
import { type ArchiverOptions, ArchiverProcess, type Ended } from './archiver-process.ts';
import { type Parameters, Site } from './site.ts';
import { SiteUconDb } from './ucondb-for-site.ts';

/** What tests of the whole program work with. */
export interface SiteInUse {
  readonly site: Site;
  readonly ucondb: SiteUconDb;
  /** Starts the archiver on the site's configuration as a process of its own; it is killed with the site if it still runs. */
  start(flags: readonly string[], options?: ArchiverOptions): ArchiverProcess;
  /** Runs the archiver on the site's configuration to its end, in this process. */
  run(...flags: readonly string[]): Promise<Ended>;
}

/**
 * Gives each test of the file, or all of them together, a site with a UconDB server, and removes both.
 * @param parameters of the site's configuration
 */
export function useSite(parameters: Parameters = {}, each: 'test' | 'file' = 'test'): SiteInUse {
  const site = new Site();
  const ucondb = new SiteUconDb();
  const started: ArchiverProcess[] = [];
  const [before, after] = each === 'test' ? [beforeEach, afterEach] : [beforeAll, afterAll];

  before(async () => {
    await ucondb.restart();
    site.make(ucondb.url, parameters);
  });

  after(async () => {
    for (const archiver of started) archiver.kill('SIGKILL');
    await Promise.all(started.splice(0).map(({ ended }) => ended));
    site.remove();
    await ucondb.remove();
  });

  const start = (flags: readonly string[], options?: ArchiverOptions): ArchiverProcess => {
    const archiver = new ArchiverProcess([site.config, ...flags], options);
    started.push(archiver);
    return archiver;
  };
  return { site, ucondb, start, run: (...flags) => archiveHere([site.config, ...flags]) };
}
