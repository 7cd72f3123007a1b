import pLimit, { type LimitFunction } from 'p-limit';
import { messageOf, NotificationError, PersistenceError, type StageName } from '../errors.ts';
import { formatTime } from '../log/log-line.ts';
import type { Logger } from '../log/logger.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import { shortened, visible, visibleLines } from '../shown-text.ts';
import type { StageObserver, StageOutcome } from '../stages/stage-observer.ts';
import { faultText } from '../stages/waiting-texts.ts';
import type { FailureLog } from '../state/failure-log.ts';
import { type GivenUpRuns, nothingGivenUp } from '../state/given-up-runs.ts';
import type { NotifiedFile, StageNotes, Subject, Told } from '../state/notified.ts';
import {
  afterTelling,
  comparableError,
  newsOf,
  type StageProblem,
  type StageSituation,
  withoutGivenUpRuns,
  withoutTelling,
} from './stage-news.ts';
import { type Channel, stageTitles } from './stage-report.ts';

/** What a notifier works with. */
export interface NotifierOptions {
  readonly channels: readonly Channel[];
  readonly notified: NotifiedFile;
  readonly failureLog: (stage: StageName) => FailureLog;
  /** The runs that somebody gave up; none if absent. */
  readonly givenUp?: GivenUpRuns;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly host: string;
  /** Hours between reminders of a failure that continues; 0: each execution reports it. */
  readonly repeatHours: number;
  /** Replaces passwords and other secrets in a text. */
  readonly redact: (text: string) => string;
  /** Milliseconds that sending a message, and waiting for all of them at the end, may take. */
  readonly timeoutMs: number;
}

const LONGEST_CAUSE = 1000;

/**
 * Reports failures on all channels side by side: once, then in reminders, then when they are over. Messages are sent while
 * the next stage works; only the end of the execution waits for them. Whatever goes wrong here becomes a warning.
 */
export class Notifier implements StageObserver {
  readonly #options: NotifierOptions;
  readonly #queues: ReadonlyMap<Channel, LimitFunction>;
  readonly #stop = new AbortController();
  readonly #underWay: Promise<void>[] = [];

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#queues = new Map(options.channels.map((channel) => [channel, pLimit(1)]));
  }

  async stageEnded(outcome: StageOutcome): Promise<void> {
    await this.#report(outcome.stage, () => this.#situation(outcome));
  }

  async executionEnded(error: string | undefined): Promise<void> {
    const problems =
      error === undefined ? [] : [{ text: this.#options.redact(error), names: [comparableError(error)] }];
    const situation = { failing: [], causes: new Map(), problems, isComplete: true };
    await this.#report('execution', async () => situation);
  }

  async close(): Promise<void> {
    if (this.#underWay.length === 0) return;
    const deadline = setTimeout(() => this.#stop.abort(), this.#options.timeoutMs);
    await Promise.all(this.#underWay);
    clearTimeout(deadline);
  }

  async #report(stage: Subject, find: () => Promise<StageSituation>): Promise<void> {
    try {
      const situation = await find();
      const { told } = await this.#options.notified.read(stage);
      if (isAllWell(situation) && Object.keys(told).length === 0) return;
      const givenUp = await this.#givenUp();
      for (const [channel, queue] of this.#queues) {
        const before = withoutGivenUpRuns(told[channel.name], givenUp);
        this.#underWay.push(queue(() => this.#tell(channel, stage, situation, before)));
      }
    } catch (error) {
      this.#options.logger.warning(`Failures of ${nameOf(stage)} can't be reported: ${messageOf(error)}`);
    }
  }

  async #situation(outcome: StageOutcome): Promise<StageSituation> {
    const { stage, failed, error } = outcome;
    const { failureLog, redact } = this.#options;
    const logged = await this.#loggedRuns(stage);
    const { byRun } = await failureLog(stage).reasons();
    const earlier = [...byRun].map(([run, { message }]) => [run, message] as const);
    const now = failed.map((run) => [run.run, shortened(redact(run.error), LONGEST_CAUSE)] as const);
    return {
      failing: [...new Set([...failed.map(({ run }) => run), ...(logged ?? [])])].sort(byRunNumber),
      causes: new Map([...earlier, ...now]),
      problems: problemsOf(outcome).map(({ text, names }) => ({ text: redact(text), names })),
      isComplete: error === undefined && logged !== undefined,
    };
  }

  /** Nobody if that can't be read: it is the stage's own error then. */
  async #givenUp(): Promise<RunSet> {
    try {
      return ((await this.#options.givenUp?.read()) ?? nothingGivenUp).runs;
    } catch (error) {
      if (!(error instanceof PersistenceError)) throw error;
      return nothingGivenUp.runs;
    }
  }

  async #loggedRuns(stage: StageName): Promise<RunNumber[] | undefined> {
    try {
      return await this.#options.failureLog(stage).read();
    } catch (error) {
      this.#options.logger.warning(
        `Notifications only name the runs that failed just now: ${messageOf(error)}`,
      );
      return undefined;
    }
  }

  async #tell(
    channel: Channel,
    stage: Subject,
    situation: StageSituation,
    told: Told | undefined,
  ): Promise<void> {
    const { now, repeatHours, host, failureLog, logger } = this.#options;
    const news = newsOf(situation, told, { now: now(), repeatHours });
    let after = withoutTelling(situation, told);
    if (news !== undefined) {
      try {
        const report = {
          ...news,
          stage,
          host,
          time: formatTime(now()).slice(0, 'YYYY-MM-DD HH:MM:SS'.length),
          failureLog: stage === 'execution' ? undefined : visible(failureLog(stage).path),
          cause: (run: RunNumber) => shown(situation.causes.get(run)),
          error: shown(news.error),
        };
        await this.#send((signal) => channel.send(report, signal));
        after = afterTelling(situation, told, now());
      } catch (error) {
        const what = news.kind === 'over' ? 'recovery' : 'failures';
        logger.warning(
          `The ${what} of ${nameOf(stage)} could not be reported by ${channel.name}; the next execution tries again. ` +
            this.#options.redact(messageOf(error)),
        );
      }
    } else if (told !== undefined) {
      logger.info(
        `${stageTitles[stage]}${stage === 'execution' ? '' : ' Stage'}: the failures are those already reported by ${channel.name} at ${told.at}`,
      );
    }
    await this.#note(stage, (notes) => ({ ...notes, told: { ...notes.told, [channel.name]: after } }));
  }

  /** Sends within the time allowed, even if a channel ignores its signal. */
  async #send(send: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    await new Promise<void>((done, fail) => {
      const giveUp = () =>
        fail(new NotificationError('It took too long; check that the server answers from this host.'));
      if (signal.aborted) return giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      // In a promise's callback, so that an error thrown at once is a rejection like any other.
      Promise.resolve()
        .then(() => send(signal))
        .then(done, fail);
    });
  }

  async #note(stage: Subject, change: (notes: StageNotes) => StageNotes): Promise<void> {
    try {
      await this.#options.notified.update(stage, change);
    } catch (error) {
      this.#options.logger.warning(
        `What was reported of ${nameOf(stage)} can't be noted, it may be reported again: ${messageOf(error)}`,
      );
    }
  }
}

/**
 * What is wrong with a stage itself: the runs that wait, also those that this execution was not asked for, and the error
 * that ended it. An outage is known by its service, as its errors differ from one execution to the next.
 */
function problemsOf({ allWaiting, error, brokenPlace }: StageOutcome): StageProblem[] {
  const outage = (place: string): string => `outage: ${place.replace(/ (?:read|write)$/, '')}`;
  const problems = allWaiting.map((each) => ({ text: faultText(each), names: [outage(each.place)] }));
  const outages = brokenPlace === undefined ? [] : [outage(brokenPlace)];
  const isTold = problems.some(({ names }) => names.some((name) => outages.includes(name)));
  if (error === undefined || isTold) return problems;
  return [...problems, { text: error, names: [comparableError(error), ...outages] }];
}

function isAllWell({ failing, problems, isComplete }: StageSituation): boolean {
  return isComplete && failing.length === 0 && problems.length === 0;
}

function nameOf(stage: Subject): string {
  return stage === 'execution' ? 'the execution' : `the ${stage} stage`;
}

/** Control characters from servers and file names must not act on whoever reads the message. */
function shown(text: string | undefined): string | undefined {
  return text === undefined ? undefined : visibleLines(text);
}
