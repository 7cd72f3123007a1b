import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtdaqDb } from '../../src/clients/artdaqdb/artdaqdb.ts';
import { ArtdaqDbError, ArtdaqDbPresenceError, FhiclError } from '../../src/errors.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';

/** One empty database that several clients can be opened on. */
export interface ArtdaqDbPlace {
  open(now: () => Date): Promise<ArtdaqDb>;
  remove(): Promise<void>;
}

/** A run's documents; each text is what the export gives back. */
export function documentsOfRun(run: number, extra: readonly FhiclFile[] = []): FhiclFile[] {
  return [
    { name: 'boot.fcl', text: `\nhost: "daq${run}" \n\nlevel: 3 \n` },
    { name: 'settings.fcl', text: `# run ${run}\nlist: [1, 2, ${run}] \n` },
    { name: 'schema.fcl', text: '\nversion: 1 \n' },
    ...extra,
  ];
}

/** In order of name, as `export` gives no promise on order. */
export function byName(files: readonly FhiclFile[]): FhiclFile[] {
  return [...files].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Where implementations may differ. */
export interface ArtdaqDbTraits {
  /** Runs stored at the same time; fewer where each takes long. */
  readonly manyRuns?: number;
  /** The C++ tools can't have quotes and backslashes in a configuration name. */
  readonly refusesQuotes?: boolean;
}

/** What every implementation of ArtdaqDb does. */
export function describeArtdaqDb(
  name: string,
  makePlace: () => Promise<ArtdaqDbPlace>,
  { manyRuns = 40, refusesQuotes = false }: ArtdaqDbTraits = {},
): void {
  describe(`${name} as an ArtdaqDb`, () => {
    let place: ArtdaqDbPlace;
    let db: ArtdaqDb;
    let time: number;
    const now = () => new Date(time++);

    beforeEach(async () => {
      time = Date.UTC(2026, 10, 24, 10, 30);
      place = await makePlace();
      db = await place.open(now);
    });

    afterEach(async () => {
      await db.close();
      await place.remove();
    });

    it('is empty at first', async () => {
      expect(await db.listRuns()).toEqual([]);
      expect(await db.has(1, 'standard')).toBe(false);
      await expect(db.export(1)).rejects.toThrow(ArtdaqDbError);
    });

    it('gives back what was inserted, to other clients as well', async () => {
      await db.insert(10, 'standard', documentsOfRun(10));
      await db.insert(9, 'standard', documentsOfRun(9));
      const other = await place.open(now);
      for (const client of [db, other]) {
        expect(await client.listRuns()).toEqual([9, 10]);
        expect(await client.has(10, 'standard')).toBe(true);
        expect(byName(await client.export(10))).toEqual(byName(documentsOfRun(10)));
        expect(byName(await client.export(9))).toEqual(byName(documentsOfRun(9)));
      }
      await other.close();
    });

    it('tells names apart of which one begins with the other', async () => {
      await db.insert(10, 'cfg12', documentsOfRun(10));
      expect(await db.has(10, 'cfg1')).toBe(false);
      expect(await db.has(1, 'cfg12')).toBe(false);
      await expect(db.export(1)).rejects.toThrow(ArtdaqDbError);
      await expect(db.update(10, 'cfg1', [])).rejects.toThrow(ArtdaqDbPresenceError);
      await db.insert(1, 'cfg12', documentsOfRun(1));
      await db.insert(10, 'cfg1', documentsOfRun(11));
      expect(await db.listRuns()).toEqual([1, 10]);
      expect(byName(await db.export(1))).toEqual(byName(documentsOfRun(1)));
    });

    it('exports a run with several configuration names by the one assigned last', async () => {
      await db.insert(7, 'zz', documentsOfRun(1));
      await db.insert(7, 'aa', documentsOfRun(2));
      expect(byName(await db.export(7))).toEqual(byName(documentsOfRun(2)));
      await db.update(7, 'zz', [{ name: 'RunHistory2.fcl', text: '\nstop: "x" \n' }]);
      expect((await db.export(7)).map((file) => file.name)).toContain('RunHistory2.fcl');
    });

    it('stores a run once', async () => {
      await db.insert(5, 'standard', documentsOfRun(5));
      await expect(db.insert(5, 'standard', documentsOfRun(6))).rejects.toThrow(ArtdaqDbPresenceError);
      expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
    });

    it('stores a run once when several clients try at the same time', async () => {
      const other = await place.open(now);
      const attempts = [db, other, db, other].map((client) =>
        client.insert(5, 'standard', documentsOfRun(5)),
      );
      const results = await Promise.allSettled(attempts);
      const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(refusals).toHaveLength(3);
      for (const refusal of refusals) expect(refusal).toBeInstanceOf(ArtdaqDbPresenceError);
      expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
      await other.close();
    });

    it('takes many runs at the same time', async () => {
      const other = await place.open(now);
      const runs = Array.from({ length: manyRuns }, (_, index) => 4990 + index);
      await Promise.all(
        runs.map((run, index) => (index % 3 === 0 ? other : db).insert(run, 'standard', documentsOfRun(run))),
      );
      expect(await db.listRuns()).toEqual(runs);
      for (const run of runs) expect(byName(await other.export(run))).toEqual(byName(documentsOfRun(run)));
      await other.close();
    });

    it('adds documents to a stored run', async () => {
      const history = { name: 'RunHistory2.fcl', text: '\nstop: "now" \n' };
      await expect(db.update(5, 'standard', [history])).rejects.toThrow(ArtdaqDbPresenceError);
      await db.insert(5, 'standard', documentsOfRun(5));
      await db.update(5, 'standard', [history, { name: 'schema.fcl', text: '\nversion: 1 \n' }]);
      await db.update(5, 'standard', [history]);
      const otherContent = { name: 'RunHistory2.fcl', text: '\nstop: "later" \n' };
      await expect(db.update(5, 'standard', [otherContent])).rejects.toThrow(ArtdaqDbPresenceError);
      expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5, [history])));
    });

    it('stores nothing of a run with a document that is not FHiCL, and names file, line and column', async () => {
      const faulty = { name: 'broken.fcl', text: 'a: 1\nb: }\n' };
      const refusal = db.insert(5, 'standard', documentsOfRun(5, [faulty]));
      await expect(refusal).rejects.toThrow(FhiclError);
      await expect(refusal).rejects.toThrow(/broken\.fcl.*line 2.*column 4/);
      expect(await db.listRuns()).toEqual([]);
      await db.insert(5, 'standard', documentsOfRun(5));
      await expect(db.update(5, 'standard', [faulty])).rejects.toThrow(FhiclError);
      expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
    });

    it.each(['', 'a/b', 'any*', 'line\nbreak', 'Größe'])(
      'refuses the configuration name %j',
      async (config) => {
        await expect(db.insert(5, config, documentsOfRun(5))).rejects.toThrow(/Run 5 .*configuration name/s);
      },
    );

    it('refuses two documents of one name, and a run without schema', async () => {
      const [boot] = documentsOfRun(5);
      await expect(db.insert(5, 'standard', documentsOfRun(5, boot && [boot]))).rejects.toThrow("'boot.fcl'");
      await expect(db.insert(5, 'standard', boot ? [boot] : [])).rejects.toThrow('schema.fcl');
      expect(await db.listRuns()).toEqual([]);
    });

    it('keeps names with blanks, quotes, backslashes and digits only', async () => {
      const odd = documentsOfRun(5, [{ name: '5004.fcl', text: '\na: 1 \n' }]);
      const config = refusesQuotes ? ' say hi * # $HOME, now ' : 'say "hi" \\ now';
      await db.insert(5004, config, odd);
      await db.insert(12, '7', documentsOfRun(12));
      expect(await db.has(5004, config)).toBe(true);
      expect(byName(await db.export(5004))).toEqual(byName(odd));
      expect(await db.listRuns()).toEqual([12, 5004]);
    });
  });
}
