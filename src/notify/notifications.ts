import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ArchiverConfig } from '../config/archiver-config.ts';
import type { Environment } from '../environment.ts';
import type { StageName } from '../errors.ts';
import { makeRedactor } from '../log/log-line.ts';
import type { Logger } from '../log/logger.ts';
import type { FailureLog } from '../state/failure-log.ts';
import type { GivenUpRuns } from '../state/given-up-runs.ts';
import { NotifiedFile } from '../state/notified.ts';
import { EmailChannel } from './email.ts';
import { Notifier } from './notifier.ts';
import { SlackChannel } from './slack.ts';
import type { CheckableChannel } from './stage-report.ts';

/** What notifications are opened with. */
export interface NotificationOptions {
  readonly logger: Logger;
  /** Names the way to Slack. */
  readonly env: Environment;
  readonly now: () => Date;
  readonly failureLog: (stage: StageName) => FailureLog;
  readonly givenUp: GivenUpRuns;
}

const TIMEOUT_MS = 10_000;

/** The notifier of the channels that the configuration switches on, if there are any. Contacts nothing yet. */
export function openNotifications(
  { app, reporting, secrets }: ArchiverConfig,
  { logger, env, now, failureLog, givenUp }: NotificationOptions,
): Notifier[] {
  const channels = openChannels(reporting, env, logger);
  if (channels.length === 0) return [];
  const notified = new NotifiedFile(join(app.workDir, 'notified.json'), (message) => logger.warning(message));
  return [
    new Notifier({
      channels,
      notified,
      failureLog,
      givenUp,
      logger,
      now,
      host: hostname(),
      repeatHours: reporting.repeatHours,
      redact: makeRedactor(secrets),
      timeoutMs: TIMEOUT_MS,
    }),
  ];
}

/** The channels that the configuration switches on. Contacts nothing yet. */
export function openChannels(
  { email, slack }: ArchiverConfig['reporting'],
  env: Environment,
  logger: Logger,
): CheckableChannel[] {
  const { recipientEmail, senderEmail, smtpHost } = email;
  const { botToken, channel } = slack;
  const channels: CheckableChannel[] = [];
  if (email.enabled && recipientEmail !== undefined && senderEmail !== undefined && smtpHost !== undefined) {
    channels.push(new EmailChannel({ ...email, recipientEmail, senderEmail, smtpHost }, logger));
  }
  if (slack.enabled && botToken !== undefined && channel !== undefined) {
    channels.push(new SlackChannel({ ...slack, botToken, channel }, env, logger));
  }
  return channels;
}
