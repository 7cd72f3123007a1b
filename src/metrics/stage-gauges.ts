import type { StageName } from '../errors.ts';

/**
 * What Prometheus is told about a stage. The names lack {@link NAME_PREFIX}. All are gauges in base units, labelled by stage
 * and, if wanted, by archiver.
 */
const helpTexts = {
  last_execution_timestamp_seconds: 'Unix time at which the stage last ended.',
  last_execution_success:
    '1 if the stage last ended without an error, a failed run or one that waits by a fault, 0 otherwise.',
  last_execution_duration_seconds: 'Time that the last execution of the stage took.',
  last_success_timestamp_seconds:
    'Unix time at which the stage last ended without an error, a failed run or one that waits by a fault.',
  runs_processed: 'Runs that the last execution of the stage tried.',
  runs_successful: 'Runs that the last execution of the stage archived.',
  runs_failed: 'Runs that the last execution of the stage could not archive.',
  waiting_runs: 'Runs that are still to be archived: they wait, or the last execution did not begin them.',
  waiting_oldest_timestamp_seconds:
    'Unix time since which a run waits because of a fault; absent if none does.',
  waiting_runs_fault: "Runs that wait because of a fault that may be the site's.",
  waiting_runs_stop_time: 'Runs that wait for their stop time.',
  waiting_runs_copying: 'Runs that are still being copied.',
  failure_log_runs: 'Runs in the failure log of the stage.',
  unequal_runs: 'Runs whose blob differed or could not be compared when it was compared last.',
  last_archived_timestamp_seconds:
    'Unix time at which the stage last archived a run; absent if it never did.',
  work_dir_free_bytes: 'Free space for app.work_dir when the stage last ended.',
  artdaqdb_free_bytes: 'Free space for a FilesystemDB when the stage last ended.',
  position_run: 'Run above which incremental executions of the stage look.',
} as const;

/** A metric's name without its prefix. */
export type GaugeName = keyof typeof helpTexts;

/** The values of one stage; unknown ones are left out. */
export type Gauges = Readonly<Partial<Record<GaugeName, number | undefined>>>;

/** The values of all stages. */
export type StageGauges = Readonly<Partial<Record<StageName, Gauges>>>;

const NAME_PREFIX = 'run_record_archiver_';
const stages = ['import', 'migrate'] as const;
const gaugeNames = Object.keys(helpTexts) as GaugeName[];

/**
 * The values in Prometheus' text format 0.0.4, the samples of each gauge together.
 * @param archiver value of the label `archiver`; no label if absent
 */
export function formatGauges(values: StageGauges, archiver?: string): string {
  const label = archiver === undefined ? '' : `archiver="${quoted(archiver)}",`;
  return gaugeNames.map((name) => formatGauge(name, values, label)).join('');
}

function quoted(value: string): string {
  return value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}

function formatGauge(name: GaugeName, values: StageGauges, label: string): string {
  const samples = stages.flatMap((stage) => {
    const value = values[stage]?.[name];
    return value === undefined ? [] : [`${NAME_PREFIX}${name}{${label}stage="${stage}"} ${value}\n`];
  });
  if (samples.length === 0) return '';
  const head = [`# HELP ${NAME_PREFIX}${name} ${helpTexts[name]}\n`, `# TYPE ${NAME_PREFIX}${name} gauge\n`];
  return [...head, ...samples].join('');
}

/**
 * Reads what {@link formatGauges} wrote, perhaps in a version with other gauges or under another label.
 * @returns undefined if the text holds anything else
 */
export function parseGauges(text: string): StageGauges | undefined {
  const values: Record<StageName, Partial<Record<GaugeName, number>>> = { import: {}, migrate: {} };
  if (text !== '' && !text.endsWith('\n')) return undefined;
  for (const line of text.split('\n')) {
    if (line === '' || /^# (?:HELP|TYPE) run_record_archiver_/.test(line)) continue;
    const sample =
      /^run_record_archiver_([a-z_]+)\{(?:archiver="(?:[^"\\]|\\.)*",)?stage="(import|migrate)"\} (-?[0-9.]+(?:e[-+]?[0-9]+)?)$/.exec(
        line,
      );
    const value = Number(sample?.[3]);
    if (sample === null || !Number.isFinite(value)) return undefined;
    const name = gaugeNames.find((known) => known === sample[1]);
    const stage = stages.find((known) => known === sample[2]);
    if (name !== undefined && stage !== undefined) values[stage][name] = value;
  }
  return values;
}
