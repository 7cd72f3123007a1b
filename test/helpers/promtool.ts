import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const promtool = '/usr/bin/promtool';

/** Is promtool there to test with? With ARCHIVER_TEST_REQUIRE_PROMTOOL=1 its absence is an error. */
export function hasPromtool(): boolean {
  if (existsSync(promtool)) return true;
  const message = `Alert rules are not tested: no ${promtool} (install prometheus)`;
  if (process.env.ARCHIVER_TEST_REQUIRE_PROMTOOL === '1') throw new Error(message);
  process.stderr.write(`${message}\n`);
  return false;
}

/** Checks a file with promtool. @returns what it complains of; empty if that is nothing */
export function complaintsOfPromtool(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(promtool, args, { encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
}

/** Which alerts fire at a time after series have had these values. */
export interface AlertCase {
  /** Values by series, in promtool's notation, one for each minute since the time 0. */
  readonly series: Readonly<Record<string, string>>;
  /** As `90m`. */
  readonly at: string;
  /** Names of alerts; each may fire several times. */
  readonly firing: readonly string[];
}

/**
 * Plays cases with promtool.
 * @param directory for its file
 * @returns what it complains of; empty if all is as expected
 */
export function playAlerts(rules: string, cases: readonly AlertCase[], directory: string): string {
  const file = join(directory, 'cases.json');
  const tests = cases.map(({ series, at, firing }) => ({
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: at,
        exp_samples: firing.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
      },
    ],
  }));
  writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '5m', tests }));
  return complaintsOfPromtool('test', 'rules', file);
}
