import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGauges, parseGauges } from '../../../src/metrics/stage-gauges.ts';
import { parsePrometheusText } from '../../helpers/prometheus-text.ts';

const gauges = {
  last_execution_timestamp_seconds: 1_700_000_000.5,
  last_execution_success: 0,
  last_execution_duration_seconds: 0.001,
  runs_processed: 3,
  runs_successful: 2,
  runs_failed: 1,
  failure_log_runs: 1,
  position_run: Number.MAX_SAFE_INTEGER,
};

describe('the text of gauges', () => {
  it('is valid, with the samples of both stages together', () => {
    const samples = parsePrometheusText(formatGauges({ import: gauges, migrate: { runs_processed: 0 } }));
    expect(samples.filter(({ name }) => name === 'run_record_archiver_runs_processed')).toEqual([
      { name: 'run_record_archiver_runs_processed', labels: { stage: 'import' }, value: 3 },
      { name: 'run_record_archiver_runs_processed', labels: { stage: 'migrate' }, value: 0 },
    ]);
    expect(samples.length).toBe(Object.keys(gauges).length + 1);
  });

  it.each(['trial', 'a "b" \\c\nd'])('labels every sample with the archiver %j', (archiver) => {
    const samples = parsePrometheusText(formatGauges({ import: gauges, migrate: gauges }, archiver));
    expect(samples.length).toBe(2 * Object.keys(gauges).length);
    expect(new Set(samples.map(({ labels }) => labels.archiver))).toEqual(new Set([archiver]));
  });

  it('is read back by parseGauges', () => {
    const value = fc.double({ min: 0, max: 1e15, noNaN: true }).map((number) => number || 0);
    fc.assert(
      fc.property(value, value, fc.string(), (runs_processed, last_execution_duration_seconds, label) => {
        const written = { import: gauges, migrate: { runs_processed, last_execution_duration_seconds } };
        expect(parseGauges(formatGauges(written))).toEqual(written);
        expect(parseGauges(formatGauges(written, label))).toEqual(written);
      }),
    );
  });
});

describe('a text of gauges that is read', () => {
  it('may be empty or hold gauges of another version', () => {
    const text = formatGauges({ import: gauges }).replaceAll('runs_failed', 'runs_lost');
    const { runs_failed: _, ...rest } = gauges;
    expect(parseGauges(text)).toEqual({ import: rest, migrate: {} });
    expect(parseGauges('')).toEqual({ import: {}, migrate: {} });
  });

  it.each([
    'node_load1 0.5\n',
    'run_record_archiver_runs_failed{stage="other"} 1\n',
    'run_record_archiver_runs_failed{stage="import"} 1',
    'run_record_archiver_runs_failed{stage="import"} 1.2.3\n',
    'run_record_archiver_runs_failed{stage="import"}\n',
    '# HELP node_load1 Load.\n',
    '\0\0\0\n',
  ])('must not be %j', (text) => {
    expect(parseGauges(text)).toBeUndefined();
  });
});
