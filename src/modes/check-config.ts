import type { CheckResult } from '../checks/run-checks.ts';
import type { RunRequest } from '../cli/cli.ts';
import { jsonFlag } from '../cli/flags.ts';
import { programVersion } from '../installation.ts';
import { makeRedactor } from '../log/log-line.ts';
import { checkLine, checksJson, checksSummary, isUsable, unusableConfig } from '../report/checks.ts';
import type { Execution, Mode } from './mode.ts';

interface CheckRequest extends RunRequest {
  readonly mode: 'check-config';
  readonly json: boolean;
}

/** Checks the configuration and everything that it names. */
export const checkConfigMode: Mode<CheckRequest> = {
  names: ['check-config'],
  flags: [{ flags: '--check-config', description: 'check the configuration and everything it names' }],
  options: [jsonFlag],
  needsLock: false,
  touchesNothing: true,
  readRequest: (given, common) => ({ ...common, mode: 'check-config', json: given.has('--json') }),
  run: (request, execution) => checkConfig(request, execution),
  unusable({ configPath }, message, now) {
    const result = unusableConfig(configPath, message);
    return { line: checkLine(result), json: checksJson([result], now) };
  },
};

/** How long the checks may take, in milliseconds. */
export interface CheckTimes {
  /** For each check of this machine. */
  readonly local: number;
  /** For each check of a service, after those. */
  readonly service: number;
  /** Until a service counts as silent. It is shorter than `service`, because the check's own message gives better advice. */
  readonly silence: number;
}

/** All checks together take at most 20 s, even if nothing answers. */
const LIMITS: CheckTimes = { local: 5000, service: 12_000, silence: 8000 };

const levels = { ok: 'info', warning: 'warning', failed: 'error' } as const;

/**
 * Looks at everything that the configuration names, logs one line for each, and changes nothing.
 * @returns true if no check failed
 */
export async function checkConfig(
  { configPath, json }: CheckRequest,
  execution: Execution,
  limits: CheckTimes = LIMITS,
): Promise<boolean> {
  const [{ localChecks, serviceChecks }, { runChecks }] = await Promise.all([
    import('../checks/all.ts'),
    import('../checks/run-checks.ts'),
  ]);
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
    configPath,
    warnings,
  };
  await runChecks(localChecks(site, facts), { limitMs: limits.local, stop: shutdown, report });
  await runChecks(serviceChecks(site, limits.silence), {
    limitMs: limits.service,
    stop: shutdown,
    report,
  });
  logger.info(checksSummary(results));
  if (json) execution.print(checksJson(results, site.now()));
  return isUsable(results);
}
