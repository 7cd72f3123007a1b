import { describe, expect, it } from 'vitest';
import { type PlaceStatus, queryPlaces, type StageRecord } from '../../../src/report/status.ts';
import { statusLines } from '../../../src/report/status-text.ts';
import { noReasons } from '../../../src/state/failure-reasons.ts';
import { nobodyWaits } from '../../../src/state/waiting-runs.ts';

function place(name: PlaceStatus['place'], runs: readonly number[]): PlaceStatus {
  return { place: name, location: [['Location', `/${name}`]], runs, error: undefined };
}

function stage(name: StageRecord['stage'], position = 0, failed: readonly number[] = []): StageRecord {
  const state = { lastContiguousRun: 0, lastAttemptedRun: position };
  return {
    stage: name,
    state,
    failed,
    uncompared: [],
    reasons: noReasons,
    isKnown: () => true,
    waiting: nobodyWaits,
  };
}

function textOf(places: readonly PlaceStatus[], stages: readonly StageRecord[] = []): string {
  const lateTimes = { isUnfinished: () => false, isAmended: () => false };
  return statusLines({ places, stages, lateTimes }, false)
    .map(({ text }) => text)
    .join('\n');
}

describe('statusLines', () => {
  it('shows each place, and recommends nothing if all places are in step', () => {
    const text = textOf([place('filesystem', [4, 5]), place('artdaqDB', [4, 5]), place('UconDB', [4, 5])]);
    expect(text.match(/Total Runs: +2/g)).toHaveLength(3);
    expect(text.match(/Range: +4 to 5/g)).toHaveLength(3);
    expect(text).toContain('1. All systems are synchronized - no action needed');
  });

  it('recommends the stage that has runs to process', () => {
    const text = textOf([
      place('filesystem', [4, 5, 6]),
      place('artdaqDB', [3, 4, 5]),
      place('UconDB', [2, 4]),
    ]);
    expect(text).toContain('Run IMPORTER: 1 run(s) on filesystem not in artdaqDB (range: 6-6)');
    expect(text).toContain('Run MIGRATOR: 2 run(s) in artdaqDB not in UconDB (range: 3-5)');
    expect(text).toContain('1 run(s) in artdaqDB but not on filesystem');
    expect(text).toContain('1 run(s) in UconDB but not in artdaqDB');
  });

  it('names the runs that incremental executions skip, and those that failed', () => {
    const places = [place('filesystem', [1, 2, 3, 9]), place('artdaqDB', [3]), place('UconDB', [3])];
    const text = textOf(places, [stage('import', 5, [2])]);
    expect(text).toContain('1 run(s) at or below the import position 5 are skipped with --incremental (1)');
    expect(text).toContain('1 run(s) in the import failure log (2)');
  });

  it('says why runs failed, the newest first, and which runs have no noted reason', () => {
    const runs = Array.from({ length: 25 }, (_, index) => index + 1);
    const byRun = new Map(
      runs
        .filter((run) => run > 2)
        .map((run) => [run, { time: new Date(2026, 2, 1, 12, 0, run).toISOString(), message: `why ${run}` }]),
    );
    const reasons = {
      byRun: new Map([...byRun, [99, { time: '', message: 'left the log' }]]),
      problem: undefined,
    };
    const text = textOf([], [{ ...stage('import', 5, runs), reasons }, stage('migrate', 5, [7])]);
    const lines = text.slice(text.indexOf('FAILED RUNS'), text.indexOf('RECOMMENDATIONS')).split('\n');
    const shown = lines.filter((line) => line.includes('why')).map((line) => line.trim());
    expect(shown).toHaveLength(22);
    expect(shown[0]).toBe('25:              2026-03-01 12:00:25 why 25');
    expect(shown.slice(19)).toEqual([
      '6:               2026-03-01 12:00:06 why 6',
      'Not noted why:   2 run(s) (1-2)',
      'Not noted why:   1 run(s) (7)',
    ]);
    expect(text).toContain('  More:            3 run(s) with lower numbers; --json tells of all');
    expect(lines.filter((line) => line.endsWith('FAILURE LOG'))).toEqual([
      'IMPORT FAILURE LOG',
      'MIGRATION FAILURE LOG',
    ]);
    expect(textOf([], [stage('import', 5)])).not.toContain('FAILED RUNS');
  });

  it('warns that the reasons can not be read if runs have failed', () => {
    const reasons = { byRun: new Map(), problem: 'reasons.json is torn' };
    expect(textOf([], [{ ...stage('import', 5, [3]), reasons }])).toContain('2. reasons.json is torn');
    expect(textOf([], [{ ...stage('import', 5), reasons }])).not.toContain('torn');
  });

  it('reports a place that can not be asked next to the others', async () => {
    const places = await queryPlaces([
      { place: 'filesystem', location: [], listRuns: async () => [1] },
      {
        place: 'artdaqDB',
        location: [],
        listRuns: async () => {
          throw new Error('no such host');
        },
      },
    ]);
    const text = textOf(places);
    expect(text).toContain('✗ ArtdaqDB query failed: no such host');
    expect(text).toMatch(/Total Runs: +1/);
    expect(text).not.toContain('All systems are synchronized');
  });
});
