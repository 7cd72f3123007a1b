import { describe, expect, it } from 'vitest';
import { comparisonLines } from '../../../src/report/state-comparison.ts';
import type { Status } from '../../../src/report/status.ts';
import { statusJson } from '../../../src/report/status-json.ts';
import { nobodyWaits } from '../../../src/state/waiting-runs.ts';

function status(
  files: number[] | undefined,
  artdaqDb: number[],
  uconDb: number[],
  last: number,
  attempted = last + 1,
): Status {
  const place = (name: Status['places'][0]['place'], runs: number[] | undefined) => ({
    place: name,
    location: [['Location', name]] as const,
    runs,
    error: runs === undefined ? 'gone' : undefined,
  });
  const reasons = {
    byRun: new Map([
      [9, { time: '2026-03-01T12:00:00.000Z', message: 'torn' }],
      [11, { time: '2026-03-01T12:00:00.000Z', message: 'left the log' }],
    ]),
    problem: undefined,
  };
  const state = { lastContiguousRun: last, lastAttemptedRun: attempted };
  return {
    places: [place('filesystem', files), place('artdaqDB', artdaqDb), place('UconDB', uconDb)],
    stages: [
      {
        stage: 'import',
        state,
        failed: [9, 10],
        uncompared: [],
        reasons,
        isKnown: () => true,
        waiting: nobodyWaits,
      },
      { stage: 'migrate', error: 'the state file is torn' },
    ],
    lateTimes: { isUnfinished: () => false, isAmended: () => false },
  };
}

const textOf = (...args: Parameters<typeof status>) =>
  comparisonLines(status(...args))
    .map(({ level, text }) => `${level} ${text}`)
    .join('\n');

describe('the comparison with the state', () => {
  it('names the runs that are missing up to the position, and the new ones', () => {
    const text = textOf([1, 2, 3, 9], [1, 3], [], 3);
    expect(text).toContain('info   Last Contiguous Run: 3');
    expect(text).toContain('warning   Missing in ArtdaqDB: 1 run(s) up to run 4 (2)');
    expect(text).toContain('info   New Runs Available:  1 run(s) since last state update (range: 9-9)');
    expect(text).toContain('warning   Failed Runs:         2 run(s) logged as failed (9-10)');
    expect(text).toContain('error   the state file is torn');
  });

  it('does not count an archived run as new', () => {
    const text = textOf([1, 2, 7, 8, 9], [1, 2, 7, 8], [], 2);
    expect(text).toContain('All expected runs present in ArtdaqDB');
    expect(text).toContain('1 run(s) since last state update (range: 9-9)');
    expect(textOf([1, 2, 7, 8], [1, 2, 7, 8], [], 2)).not.toContain('New Runs Available');
  });

  it('does not call all runs present while an attempted run is missing above the contiguous ones', () => {
    const text = textOf([5, 6], [5], [], 5);
    expect(text).toContain('Missing in ArtdaqDB: 1 run(s) up to run 6 (6)');
    expect(text).not.toContain('All expected');
    expect(text).not.toContain('New Runs Available');
  });

  it('says that all runs are present, that no state is recorded, or that a place could not be asked', () => {
    expect(textOf([1], [1], [], 1)).toContain('All expected runs present in ArtdaqDB');
    expect(textOf([1], [1], [], 0, 0)).toContain('No import state recorded');
    expect(textOf(undefined, [1], [], 1)).toContain('not known: Filesystem could not be queried');
  });

  it('shows the state of a stage that has only attempted runs', () => {
    const text = textOf([5007, 5008, 5009], [], [], 0, 5008);
    expect(text).toContain('info   Last Attempted Run:  5008');
    expect(text).not.toContain('No import state recorded');
    expect(text).toContain('Missing in ArtdaqDB: 2 run(s) up to run 5008 (5007-5008)');
    expect(text).toContain('(range: 5009-5009)');
  });
});

describe('the report as JSON', () => {
  it('has everything that the text has, and null for what is unknown', () => {
    const document = JSON.parse(statusJson(status([1, 2, 4, 9], [1, 2], [1], 4), new Date(0)));
    expect(document).toMatchObject({
      version: 1,
      time: '1970-01-01T00:00:00.000Z',
      complete: false,
      places: [
        { place: 'filesystem', error: null, runs: { total: 4, ranges: [{ first: 1, last: 2 }, {}, {}] } },
        {},
        { location: { Location: 'UconDB' } },
      ],
      stages: [
        {
          stage: 'import',
          last_contiguous_run: 4,
          last_attempted_run: 5,
          position: 5,
          failed: { total: 2 },
          failure_reasons: [{ run: 9, time: '2026-03-01T12:00:00.000Z', message: 'torn' }],
          skipped: { ranges: [{ first: 4, last: 4 }] },
        },
        { stage: 'migrate', error: 'the state file is torn' },
      ],
      differences: { to_import: { total: 2 }, to_migrate: { ranges: [{ first: 2, last: 2 }] } },
    });
    const [stage, other] = status([], [], [], 4).stages;
    if (stage === undefined || other === undefined || 'error' in stage) return expect.unreachable();
    const torn = { ...stage, reasons: { byRun: new Map(), problem: 'torn' } };
    const untold = JSON.parse(statusJson({ ...status([], [], [], 4), stages: [torn, other] }, new Date(0)));
    expect(untold.stages[0]).toMatchObject({ failed: { total: 2 }, failure_reasons: null });
    const unknown = JSON.parse(statusJson(status(undefined, [1], [], 1), new Date(0)));
    expect(unknown).toMatchObject({
      places: [{ error: 'gone', runs: null }, {}, {}],
      differences: { to_import: null, without_files: null },
    });
  });
});
