import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtdaqDb } from '../../src/artdaqdb/artdaqdb.ts';
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

    it('replaces the content of one document, and of no other', async () => {
      const before = { name: 'RunHistory2.fcl', text: '\nDAQInterface_start_time: "a" \n' };
      const after = { name: 'RunHistory2.fcl', text: `${before.text}\nDAQInterface_stop_time: "b" \n` };
      const asked: string[] = [];
      const yes = (stored: string) => {
        asked.push(stored);
        return true;
      };
      await expect(db.amend(5, 'standard', after, yes)).rejects.toThrow(ArtdaqDbPresenceError);
      expect(await db.listRuns()).toEqual([]);
      await db.insert(5, 'standard', documentsOfRun(5));
      await db.insert(6, 'standard', documentsOfRun(6, [before]));
      expect(await db.amend(5, 'standard', after, yes)).toBe('absent');
      await db.update(5, 'standard', [before]);
      await db.insert(5, 'standard2', documentsOfRun(7, [before]));
      await expect(db.amend(5, 'standard3', after, yes)).rejects.toThrow(ArtdaqDbPresenceError);
      expect(asked).toEqual([]);
      expect(await db.amend(5, 'standard2', after, yes)).toBe('replaced');
      expect(asked).toEqual([before.text]);
      expect(await db.amend(5, 'standard2', after, () => false)).toBe('equal');
      expect(await db.amend(6, 'standard', after, () => false)).toBe('kept');
      const other = await place.open(now);
      for (const client of [db, other]) {
        expect(byName(await client.export(5))).toEqual(byName(documentsOfRun(7, [after])));
        expect(byName(await client.export(6))).toEqual(byName(documentsOfRun(6, [before])));
      }
      // The names are assigned as they were.
      await other.update(5, 'standard', [{ name: 'late.fcl', text: '\na: 1 \n' }]);
      await other.amend(5, 'standard2', before, yes);
      const late = { name: 'late.fcl', text: '\na: 1 \n' };
      expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5, [before, late])));
      await other.close();
    });

    it('amends with FHiCL only', async () => {
      await db.insert(5, 'standard', documentsOfRun(5));
      const faulty = { name: 'boot.fcl', text: 'a: 1\nb: }\n' };
      await expect(db.amend(5, 'standard', faulty, () => true)).rejects.toThrow(FhiclError);
      expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
    });

    it('amends while others store runs and amend the same one', async () => {
      const texts = Array.from({ length: 6 }, (_, index) => `\nlevel: ${index} \n`);
      await db.insert(5, 'standard', documentsOfRun(5));
      const other = await place.open(now);
      await Promise.all([
        ...texts.map((text, index) =>
          (index % 2 === 0 ? other : db).amend(5, 'standard', { name: 'boot.fcl', text }, () => true),
        ),
        other.insert(6, 'standard', documentsOfRun(6)),
        db.insert(7, 'standard', documentsOfRun(7)),
      ]);
      expect(await other.listRuns()).toEqual([5, 6, 7]);
      const [boot, ...rest] = byName(await db.export(5));
      expect(texts).toContain(boot?.text);
      expect(rest).toEqual(byName(documentsOfRun(5)).slice(1));
      await other.close();
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
