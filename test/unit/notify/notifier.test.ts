import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Notifier } from '../../../src/notify/notifier.ts';
import type { Channel, StageReport } from '../../../src/notify/stage-report.ts';
import { RunSet } from '../../../src/runs/run-set.ts';
import type { StageOutcome } from '../../../src/stages/stage-observer.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { FailureReasons } from '../../../src/state/failure-reasons.ts';
import { GivenUpRuns } from '../../../src/state/given-up-runs.ts';
import { type ChannelName, NotifiedFile } from '../../../src/state/notified.ts';
import type { WaitingAtPlace } from '../../../src/state/waiting-runs.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

/** Keeps what it is to tell. */
class RecordingChannel implements Channel {
  readonly name: ChannelName;
  readonly reports: StageReport[] = [];
  /** Done in place of delivering. */
  fault: ((signal: AbortSignal) => Promise<void>) | undefined;

  constructor(name: ChannelName) {
    this.name = name;
  }

  send(report: StageReport, signal: AbortSignal): Promise<void> {
    if (this.fault !== undefined) return this.fault(signal);
    this.reports.push(report);
    return Promise.resolve();
  }
}

const temporaryDirectory = useTemporaryDirectories();
let directory: string;
let email: RecordingChannel;
let slack: RecordingChannel;
let logger: ReturnType<typeof recordingLogger>;
let now: Date;

beforeEach(async () => {
  directory = await temporaryDirectory();
  email = new RecordingChannel('email');
  slack = new RecordingChannel('slack');
  logger = recordingLogger();
  now = new Date('2026-03-01T12:00:00Z');
});

const givenUpPath = () => join(directory, 'given_up_runs.json');
const recordPath = () => join(directory, 'notified.json');
const logged = (...runs: number[]) =>
  writeFileSync(join(directory, 'import_failures.log'), runs.map((run) => `${run}\n`).join(''));
const later = (hours: number) => {
  now = new Date(now.getTime() + hours * 3_600_000);
};
const warnings = () => logger.lines.filter((line) => !/^(INFO|DEBUG)/.test(line));

const redact = (text: string) => text.replaceAll('secret', '***');

function failureReasons(): FailureReasons {
  return new FailureReasons(join(directory, 'reasons.json'), {
    redact,
    now: () => now,
    warn: (message) => logger.warning(message),
  });
}

function notifierFor(
  reasons: FailureReasons,
  options: { readonly repeatHours?: number; readonly timeoutMs?: number } = {},
): Notifier {
  return new Notifier({
    channels: [email, slack],
    notified: new NotifiedFile(recordPath(), (message) => logger.warning(message)),
    failureLog: (stage) => new FailureLog(join(directory, `${stage}_failures.log`), reasons),
    givenUp: new GivenUpRuns(givenUpPath()),
    logger,
    now: () => now,
    host: 'daq01',
    repeatHours: options.repeatHours ?? 24,
    redact,
    timeoutMs: options.timeoutMs ?? 10_000,
  });
}

/** An execution in which the import stage ended like this. */
async function execution(
  outcome: { readonly failed?: readonly number[]; readonly error?: string; readonly why?: string },
  options: {
    readonly repeatHours?: number;
    readonly timeoutMs?: number;
    readonly waiting?: readonly WaitingAtPlace[];
    readonly brokenPlace?: string;
  } = {},
): Promise<void> {
  const { failed = [], error, why = 'broken' } = outcome;
  const reasons = failureReasons();
  if (failed.length > 0) await reasons.note(new Map(failed.map((run) => [run, why])), new Set(failed));
  const notifier = notifierFor(reasons, options);
  const ended: StageOutcome = {
    stage: 'import',
    successful: [],
    failed: failed.map((run) => ({ run, error: why })),
    waiting: [],
    allWaiting: options.waiting ?? [],
    error,
    brokenPlace: options.brokenPlace,
  };
  await notifier.stageEnded(ended);
  await notifier.close();
}

/** An execution under the lock that an error ended; none if it did its work. */
async function ended(error: string | undefined): Promise<void> {
  const notifier = notifierFor(failureReasons());
  await notifier.executionEnded(error);
  await notifier.close();
}

/** What a channel was told since the last call: kind, new, known and gone runs. */
function told(channel: RecordingChannel = email) {
  return channel.reports.splice(0).map(({ kind, newRuns, knownRuns, goneRuns }) => ({
    kind,
    new: newRuns,
    known: knownRuns,
    gone: goneRuns,
  }));
}

describe('runs that are given up after they were told', () => {
  const giveUp = async (...runs: number[]) => {
    const standing = { import: { was: 'failed' }, migrate: { was: 'new' }, unequal: false } as const;
    const note = { by: 'kim@daq01', time: now.toISOString(), reason: 'no beam', ...standing };
    await new GivenUpRuns(givenUpPath()).change((before) =>
      before.with([{ runs: RunSet.of(runs), ...note }]),
    );
  };

  it('are no news, neither as failing nor as no longer failing', async () => {
    logged(3, 5);
    await execution({ failed: [3, 5] });
    await giveUp(3);
    logged(5);
    await execution({});
    expect(told()).toEqual([{ kind: 'failure', new: [3, 5], known: [], gone: [] }]);
    later(25);
    await execution({});
    expect(told()).toEqual([{ kind: 'reminder', new: [], known: [5], gone: [] }]);
    await giveUp(5);
    logged();
    await execution({});
    later(25);
    await execution({});
    expect(told()).toEqual([]);
    expect(readFileSync(recordPath(), 'utf8')).toBe('{}\n');
  });

  it('keep no other failure from being told if their record can not be read, which is one', async () => {
    logged(3);
    await execution({ failed: [3] });
    writeFileSync(givenUpPath(), 'torn');
    await execution({ error: 'The record of given-up runs can not be understood' });
    expect(told().at(-1)).toEqual({ kind: 'failure', new: [], known: [3], gone: [] });
  });
});

describe('failed runs', () => {
  it('are told once by each channel, with the error of each', async () => {
    logged(3, 5);
    await execution({ failed: [5, 3], why: 'no secret metadata' });
    for (const { reports } of [email, slack]) {
      expect(reports.map((report) => [report.newRuns, report.cause(3)])).toEqual([
        [[3, 5], 'no *** metadata'],
      ]);
    }
    later(0.2);
    await execution({ failed: [5, 3] });
    await execution({});
    expect([email.reports.length, slack.reports.length]).toEqual([1, 1]);
    expect(warnings()).toEqual([]);
  });

  it('are told again after the interval, with their earlier error', async () => {
    logged(3);
    await execution({ failed: [3] });
    told();
    later(23.9);
    await execution({});
    expect(told()).toEqual([]);
    later(0.2);
    await execution({});
    expect(email.reports[0]?.cause(3)).toBe('broken');
    expect(told()).toEqual([{ kind: 'reminder', new: [], known: [3], gone: [] }]);
    later(1);
    await execution({});
    expect(told()).toEqual([]);
  });

  it('are told by every execution if the interval is 0', async () => {
    logged(3);
    for (let count = 0; count < 3; count++) await execution({ failed: [3] }, { repeatHours: 0 });
    expect(told().map(({ kind }) => kind)).toEqual(['failure', 'reminder', 'reminder']);
  });

  it('are told at once if they are new, before those told earlier', async () => {
    logged(3);
    await execution({ failed: [3] });
    told();
    logged(1, 3);
    await execution({ failed: [1] });
    expect(told()).toEqual([{ kind: 'failure', new: [1], known: [3], gone: [] }]);
    later(23);
    await execution({});
    expect(told()).toEqual([]);
  });

  it('are over when the log is empty, and are all named then', async () => {
    logged(3, 5);
    await execution({ failed: [3, 5] });
    told();
    logged(5);
    await execution({});
    expect(told()).toEqual([]);
    logged();
    await execution({});
    expect(told()).toEqual([{ kind: 'over', new: [], known: [], gone: [3, 5] }]);
    await execution({});
    expect(told()).toEqual([]);
    expect(readFileSync(recordPath(), 'utf8')).toBe('{}\n');
  });

  it('are not over because the stage failed before it knew', async () => {
    logged(3);
    await execution({ failed: [3] });
    told();
    logged();
    await execution({ error: 'artdaqDB is away' });
    expect(told()).toEqual([{ kind: 'failure', new: [], known: [3], gone: [] }]);
    await execution({});
    expect(told()).toEqual([{ kind: 'over', new: [], known: [], gone: [3] }]);
  });

  it('are new if they were fixed and fail again', async () => {
    logged(3, 5);
    await execution({ failed: [3, 5] });
    logged(5);
    await execution({});
    told();
    logged(3, 5);
    await execution({ failed: [3] });
    expect(told()).toEqual([{ kind: 'failure', new: [3], known: [5], gone: [] }]);
  });

  it('are told if they are in the log and were never told', async () => {
    logged(7);
    await execution({});
    expect(told()).toEqual([{ kind: 'failure', new: [7], known: [], gone: [] }]);
  });
});

describe('an error that ends executions', () => {
  it('is told once as long as only numbers and times change, and once when it is over', async () => {
    await ended('app.work_dir /w can not be made: secret disk, 17 blocks left');
    expect(email.reports).toMatchObject([
      {
        kind: 'failure',
        stage: 'execution',
        error: expect.stringContaining('*** disk, 17 blocks'),
        newRuns: [],
      },
    ]);
    await ended('app.work_dir /w can not be made: secret disk, 3 blocks left');
    expect(email.reports.splice(0)).toHaveLength(1);
    await ended(undefined);
    expect(email.reports.splice(0)).toMatchObject([{ kind: 'over', stage: 'execution', errorIsOver: true }]);
    await ended(undefined);
    expect([email.reports, warnings()]).toEqual([[], []]);
  });

  it('is kept apart from the failures of stages', async () => {
    logged(3);
    await execution({ failed: [3] });
    await ended('the lock can not be taken');
    await ended(undefined);
    await execution({});
    expect(email.reports.map(({ kind, stage }) => `${stage} ${kind}`)).toEqual([
      'import failure',
      'execution failure',
      'execution over',
    ]);
  });
});

describe("a stage's own error", () => {
  it('is told once as long as only numbers and times change', async () => {
    await execution({ error: 'no answer since 12:00:01 from 10.0.0.1:27017' });
    await execution({ error: 'no answer since 12:10:07 from 10.0.0.1:27018' });
    expect(email.reports.map(({ error }) => error)).toEqual(['no answer since 12:00:01 from 10.0.0.1:27017']);
  });

  it('is told when it changes, and not again when it changes back', async () => {
    for (const error of ['refused', 'timed out', 'refused', 'timed out']) await execution({ error });
    expect(email.reports.map(({ error }) => error)).toEqual(['refused', 'timed out']);
  });

  it('is over when the stage runs to its end, also if runs still fail', async () => {
    logged(3);
    await execution({ error: 'secret is refused', failed: [3] });
    expect(email.reports[0]?.error).toBe('*** is refused');
    told();
    await execution({});
    expect(email.reports[0]?.errorIsOver).toBe(true);
    expect(told()).toEqual([{ kind: 'over', new: [], known: [3], gone: [] }]);
    await execution({ error: 'secret is refused' });
    expect(told()).toEqual([{ kind: 'failure', new: [], known: [3], gone: [] }]);
  });
});

describe('runs that wait because of a fault', () => {
  const waiting = (place: string, cause: string, ...runs: number[]) => ({
    waiting: [{ place, runs, cause, since: '2026-03-01T11:00:00.000Z' }],
  });

  it('are told once per outage, whatever its errors are, and once when it is over', async () => {
    await execution({}, waiting('UconDB write', 'HTTP 503', 7));
    expect(email.reports[0]?.error).toMatch(
      /^1 run\(s\) wait since .* fault at UconDB write \(7\).*HTTP 503$/,
    );
    expect(told()).toMatchObject([{ kind: 'failure', new: [] }]);
    await execution({}, waiting('UconDB write', 'the connection was closed', 7, 8));
    await execution({ error: 'UconDB cannot be listed' }, { brokenPlace: 'UconDB read' });
    await execution({}, waiting('UconDB write', 'HTTP 413', 7, 8, 9));
    expect(told()).toEqual([]);
    await execution({});
    expect(told()).toMatchObject([{ kind: 'over' }]);
  });

  it('are told again if another service fails as well', async () => {
    await execution({}, waiting('UconDB write', 'HTTP 503', 7));
    told();
    await execution({ error: 'no schema' }, waiting('UconDB write', 'HTTP 503', 7));
    expect(email.reports[0]?.error).toContain('no schema');
    expect(told()).toMatchObject([{ kind: 'failure' }]);
    await execution({}, waiting('artdaqDB read', 'disk gone', 7));
    expect(told()).toMatchObject([{ kind: 'failure' }]);
  });

  it('are told even if other runs fail by their own fault', async () => {
    logged(3);
    await execution({ failed: [3] }, waiting('UconDB write', 'HTTP 503', 7));
    expect(email.reports[0]?.error).toContain('HTTP 503');
    expect(told()).toMatchObject([{ kind: 'failure', new: [3] }]);
  });
});

describe('a message that does not get through', () => {
  const refuse = () => Promise.reject(new Error('the server says: secret'));

  it('is tried again by the next execution, by that channel alone', async () => {
    logged(3);
    slack.fault = refuse;
    await execution({ failed: [3] });
    expect(warnings()).toEqual([
      'WARNING The failures of the import stage could not be reported by slack; the next execution tries again. the server says: ***',
    ]);
    slack.fault = undefined;
    await execution({});
    expect(told(email)).toHaveLength(1);
    expect(slack.reports[0]?.cause(3)).toBe('broken');
    expect(told(slack)).toEqual([{ kind: 'failure', new: [3], known: [], gone: [] }]);
  });

  it('is tried again even if it only says that all is over', async () => {
    logged(3);
    await execution({ failed: [3] });
    told();
    logged();
    email.fault = refuse;
    await execution({});
    email.fault = undefined;
    await execution({});
    expect(told()).toEqual([{ kind: 'over', new: [], known: [], gone: [3] }]);
  });

  it('may fail by an error that is thrown at once', async () => {
    email.fault = () => {
      throw new Error('at once');
    };
    logged(3);
    await execution({ failed: [3] });
    expect(warnings()).toEqual([expect.stringContaining('at once')]);
    expect(told(slack)).toHaveLength(1);
  });

  it('is given up at the deadline if it never ends', async () => {
    const signals: AbortSignal[] = [];
    email.fault = slack.fault = (signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    };
    logged(3);
    await execution({ failed: [3] }, { timeoutMs: 1 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(warnings()).toHaveLength(2);
    expect(warnings()[0]).toContain('too long');
  });
});

describe('the record of what was told', () => {
  it('counts as empty if it can not be understood', async () => {
    logged(3);
    await execution({ failed: [3] });
    for (const content of ['{"import": {"told": {"email": {"runs": ["x"]}}}}', 'torn', '[]', '\xff']) {
      told();
      writeFileSync(recordPath(), content, 'latin1');
      await execution({});
      expect(told()).toEqual([{ kind: 'failure', new: [3], known: [], gone: [] }]);
    }
    expect(warnings()).toHaveLength(4);
    expect(warnings()[0]).toMatch(
      /^WARNING The record of notifications .*notified\.json can't be understood/,
    );
  });

  it('is not made before something is told', async () => {
    await execution({});
    expect(() => readFileSync(recordPath())).toThrow('ENOENT');
    expect([told(email), told(slack)]).toEqual([[], []]);
  });

  it('does not keep messages from being sent if it can not be written', async () => {
    rmSync(directory, { recursive: true });
    writeFileSync(directory, '');
    await execution({ failed: [3], error: 'the disk is full' });
    expect(told()).toEqual([{ kind: 'failure', new: [3], known: [], gone: [] }]);
    expect(warnings().join('\n')).toContain("can't be noted");
  });

  it('delays no reminder because the clock was set back', async () => {
    logged(3);
    await execution({ failed: [3] });
    told();
    later(-1000);
    await execution({});
    expect(told().map(({ kind }) => kind)).toEqual(['reminder']);
  });
});
