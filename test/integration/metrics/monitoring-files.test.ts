import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parsePrometheusText } from '../../helpers/prometheus-text.ts';
import { type AlertCase, complaintsOfPromtool, hasPromtool, playAlerts } from '../../helpers/promtool.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';
import { useSite } from '../../helpers/use-site.ts';

const rules = resolve('documentation/monitoring/prometheus-rules.yml');
const rulesText = readFileSync(rules, 'utf8');
const dashboardText = readFileSync('documentation/monitoring/grafana-dashboard.json', 'utf8');
const dashboard: Dashboard = JSON.parse(dashboardText);
const alerts = (parse(rulesText) as RuleFile).groups.flatMap((group) => group.rules);
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const prefix = 'run_record_archiver_';
const waitingRun = {
  place: 'artdaqDB write',
  fault: 'site',
  cause: 'no space',
  cycles: 1,
  successes: 0,
  undecided: false,
};
const metricsIn = (text: string) => new Set(text.match(/run_record_archiver_\w+/g));

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

describe('alert rules and dashboard', () => {
  const { site, ucondb, run } = useSite();
  const temporaryDirectory = useTemporaryDirectories();

  it('ask only for metrics that an archiver writes which has archived runs and has one that waits', async () => {
    const textfile = join(site.directory, 'archiver.prom');
    site.configure(ucondb.url, { metrics: { textfile } });
    site.addRuns(1);
    await run();
    writeFileSync(
      join(site.work, 'import_waiting.json'),
      JSON.stringify({ waiting_runs: { 2: { ...waitingRun, since: '2026-03-01T12:00:00Z' } } }),
    );
    await run('--migrate-only');
    const written = new Set(parsePrometheusText(readFileSync(textfile, 'utf8')).map(({ name }) => name));
    expect([...metricsIn(rulesText + dashboardText)].filter((name) => !written.has(name))).toEqual([]);
    const shown = metricsIn(expressions.join());
    const elsewhere = [`${prefix}last_execution_timestamp_seconds`];
    expect([...written].filter((name) => !shown.has(name))).toEqual(elsewhere);
  });

  it('have panels that do not overlap', () => {
    const places = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(places).size).toBe(places.length);
    expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it.runIf(hasPromtool())('have expressions that Prometheus understands', async () => {
    expect(complaintsOfPromtool('check', 'rules', rules)).toBe('');
    const file = join(await temporaryDirectory(), 'dashboard.json');
    const recorded = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
    expect(complaintsOfPromtool('check', 'rules', file)).toBe('');
  });
});

/** The series of a stage of an archiver that does well, and others in their place. */
function stage(
  name: string,
  values: Readonly<Record<string, string>> = {},
  labels = '',
): Record<string, string> {
  const well = {
    last_success_timestamp_seconds: '0+60x3000',
    failure_log_runs: '0x3000',
    waiting_runs: '0x3000',
    waiting_runs_fault: '0x3000',
    work_dir_free_bytes: '20000000000x3000',
    artdaqdb_free_bytes: '20000000000x3000',
    ...(name === 'migrate' ? { unequal_runs: '0x3000' } : {}),
  };
  const all = Object.entries({ ...well, ...values }).filter(([, value]) => value !== '');
  return Object.fromEntries(
    all.map(([gauge, value]) => [`${prefix}${gauge}{instance="daq01",stage="${name}"${labels}}`, value]),
  );
}

/** What the import stage shows while the migrate stage does well. */
const importing = (values: Readonly<Record<string, string>>) => ({
  ...stage('import', values),
  ...stage('migrate'),
});

const cases: Readonly<Record<string, AlertCase>> = {
  'all is well': { series: importing({}), at: '2d', firing: [] },
  'a stage never succeeded': {
    series: importing({ last_success_timestamp_seconds: '0x3000' }),
    at: '70m',
    firing: ['RunArchiverNoSuccess'],
  },
  'a stage stopped succeeding 50 minutes ago': {
    series: importing({ last_success_timestamp_seconds: '0+60x100 6000x3000' }),
    at: '150m',
    firing: [],
  },
  'a stage stopped succeeding 80 minutes ago, or hangs': {
    series: importing({ last_success_timestamp_seconds: '0+60x100 6000x3000' }),
    at: '180m',
    firing: ['RunArchiverNoSuccess'],
  },
  'there never was a file': { series: {}, at: '40m', firing: ['RunArchiverMetricsMissing'] },
  'one stage has never run': { series: stage('import'), at: '40m', firing: ['RunArchiverMetricsMissing'] },
  'one stage has not run for 20 minutes': { series: stage('import'), at: '20m', firing: [] },
  'the file is gone': {
    series: Object.fromEntries(Object.keys(importing({})).map((name) => [name, '6000x100 stale'])),
    at: '150m',
    firing: ['RunArchiverMetricsMissing'],
  },
  'the file of one of two archivers is gone': {
    series: {
      ...importing({}),
      [`${prefix}last_success_timestamp_seconds{instance="daq02",stage="import"}`]: '0+60x100 stale',
    },
    at: '150m',
    firing: ['RunArchiverMetricsMissing'],
  },
  'runs wait since half an hour': {
    series: importing({ waiting_runs_fault: '3x3000', waiting_oldest_timestamp_seconds: '0x3000' }),
    at: '30m',
    firing: [],
  },
  'runs wait for longer': {
    series: importing({ waiting_runs_fault: '3x3000', waiting_oldest_timestamp_seconds: '0x3000' }),
    at: '90m',
    firing: ['RunArchiverRunsWait'],
  },
  'a run waits for two days': {
    series: importing({ waiting_runs_fault: '1x3000', waiting_oldest_timestamp_seconds: '0x3000' }),
    at: '2d',
    firing: ['RunArchiverRunWaitsLong', 'RunArchiverRunsWait'],
  },
  'a run failed': {
    series: importing({ failure_log_runs: '0x10 1x3000' }),
    at: '20m',
    firing: ['RunArchiverRunsFailed'],
  },
  'a failed run was retried': {
    series: importing({ failure_log_runs: '1x10 0x3000' }),
    at: '20m',
    firing: [],
  },
  'a blob is unequal': {
    series: { ...stage('import'), ...stage('migrate', { unequal_runs: '1x3000' }) },
    at: '20m',
    firing: ['RunArchiverBlobsUnequal'],
  },
  'many runs came this morning': { series: importing({ waiting_runs: '150x3000' }), at: '5h', firing: [] },
  'a backlog stays': {
    series: importing({ waiting_runs: '150x3000' }),
    at: '7h',
    firing: ['RunArchiverBacklog'],
  },
  'the disk of the work directory fills up': {
    series: importing({ work_dir_free_bytes: '900000000x3000' }),
    at: '30m',
    firing: ['RunArchiverLittleSpace'],
  },
  'the disk of artdaqDB fills up': {
    series: importing({ artdaqdb_free_bytes: '9000000000x3000' }),
    at: '30m',
    firing: ['RunArchiverLittleSpace'],
  },
};

describe.runIf(hasPromtool())('alerts', () => {
  const temporaryDirectory = useTemporaryDirectories();

  it('fire in each case when they should, and only then', async () => {
    const directory = await temporaryDirectory();
    if (playAlerts(rules, Object.values(cases), directory) === '') return;
    const wrong = Object.entries(cases).map(([name, each]) => [name, playAlerts(rules, [each], directory)]);
    expect(wrong.filter(([, complaints]) => complaints !== '')).toEqual([]);
  });

  it('all fire in some case', () => {
    const fired = new Set(Object.values(cases).flatMap(({ firing }) => firing));
    expect(alerts.map(({ alert }) => alert).filter((alert) => !fired.has(alert))).toEqual([]);
  });
});
