import { localChecks, serviceChecks } from '../checks/all.ts';
import type { CheckResult } from '../checks/run-checks.ts';
import { runChecks } from '../checks/run-checks.ts';
import type { RunRequest } from '../cli/request.ts';
import { programVersion } from '../installation.ts';
import { makeRedactor } from '../log/log-line.ts';
import { checkLine, checksJson, checksSummary, isUsable } from '../report/checks.ts';
import type { Execution } from './execution.ts';

type CheckRequest = Extract<RunRequest, { mode: 'check-config' }>;

/** How long the checks may take, in milliseconds. */
export interface CheckLimits {
  /** Each check of this machine. */
  readonly local: number;
  /** Each check of what the archiver talks to, which follow those. */
  readonly service: number;
  /** Without an answer; less than that, as whoever asked has better advice. */
  readonly silence: number;
}

/** All is over within 20 s, whatever is dead. */
const LIMITS: CheckLimits = { local: 5000, service: 12_000, silence: 8000 };

const levels = { ok: 'info', warning: 'warning', failed: 'error' } as const;

/**
 * Looks at all that the configuration names, one line each, and leaves everything as it was.
 * @returns true if nothing would keep the archiver from working
 */
export async function checkConfig(
  request: CheckRequest,
  execution: Execution,
  limits: CheckLimits = LIMITS,
): Promise<boolean> {
  const { site, logger, shutdown, warnings } = execution;
  execution.enter('Check of the configuration');
  const redact = makeRedactor(site.config.secrets);
  const results: CheckResult[] = [];
  const report = (result: CheckResult): void => {
    const shown = { ...result, subject: redact(result.subject), text: redact(result.text) };
    results.push(shown);
    logger[levels[shown.state]](checkLine(shown));
  };
  const facts = {
    version: programVersion(),
    node: process.version,
    configPath: request.configPath,
    warnings,
  };
  await runChecks(localChecks(site, facts), { limitMs: limits.local, stop: shutdown, report });
  await runChecks(serviceChecks(site, limits.silence), {
    limitMs: limits.service,
    stop: shutdown,
    report,
  });
  logger.info(checksSummary(results));
  if (request.json) execution.print(checksJson(results, site.now()));
  return isUsable(results);
}
