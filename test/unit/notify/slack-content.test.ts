import { describe, expect, it } from 'vitest';
import { slackContent } from '../../../src/notify/slack-content.ts';
import type { StageReport } from '../../../src/notify/stage-report.ts';
import { exampleReport, runsFrom } from './example-report.ts';

/** All texts of the blocks. */
function texts(report: StageReport, users: readonly string[] = []): string[] {
  return slackContent(report, users).blocks.flatMap((block) => {
    if (block.type === 'header') return [block.text.text];
    if (block.type !== 'section') throw new Error(`unexpected block ${block.type}`);
    return [...(block.fields ?? []), ...(block.text === undefined ? [] : [block.text])].map(
      ({ text }) => text,
    );
  });
}

describe('a Slack message', () => {
  it('has header, fields, run numbers and errors', () => {
    expect(texts(exampleReport())).toEqual([
      '⚠️ Run Record Archiver Import Failures',
      '*Host:*\ndaq01',
      '*Time:*\n2026-03-01 12:00:00',
      '*Stage:*\nImport',
      '*Failed Runs:*\n2',
      '*Run Numbers:*\n12, 15',
      '*Errors:*\n• 12: run 12 has no metadata.txt\n• 15: run 15 has no metadata.txt',
      'Once the cause is removed, run-archiver --retry-failed-import processes them again.',
    ]);
  });

  it('mentions users in the text and in a block, where they see it', () => {
    const { text } = slackContent(exampleReport(), ['U1', 'U2']);
    expect(text).toBe('Run Record Archiver Import Failures: 2 runs failed on daq01 <@U1> <@U2>');
    expect(texts(exampleReport(), ['U1', 'U2']).at(-1)).toBe('<@U1> <@U2>');
    expect(texts(exampleReport({ kind: 'over', newRuns: [], goneRuns: [12] }), ['U1']).join()).not.toContain(
      'U1',
    );
  });

  it('names ten runs and counts the others', () => {
    const all = texts(exampleReport({ newRuns: runsFrom(1, 13) }));
    expect(all).toContain('*Run Numbers:*\n1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... (3 more)');
    expect(all).toContain('*Failed Runs:*\n13');
  });

  it('names new runs first, and says which they are', () => {
    const all = texts(exampleReport({ newRuns: [15], knownRuns: [3, 12] }));
    expect(all).toContain('*Run Numbers:*\n15, 3, 12');
    expect(all).toContain('*New:* 15');
    expect(all).toContain(
      '2 runs are still in the import failure log /data/import_failures.log, as reported earlier.',
    );
  });

  it('keeps quoted text from being markup, and as short as Slack demands', () => {
    const report = exampleReport({
      newRuns: runsFrom(1, 500),
      cause: () => `<!channel> & ${'<'.repeat(5000)}`,
      error: `<@U9> ${'&'.repeat(10_000)}`,
    });
    const { blocks } = slackContent(report, []);
    expect(blocks.length).toBeLessThanOrEqual(50);
    for (const text of texts(report)) {
      expect(text.length).toBeLessThanOrEqual(3000);
      expect(text).not.toMatch(/<[@!]/);
    }
  });

  it.each([0, 1])('cuts no character in two, as Slack refuses a message with half of one (%i)', (shift) => {
    const long = 'x'.repeat(shift) + '\u{1f600}'.repeat(3000);
    const report = exampleReport({ cause: () => long, error: long });
    for (const text of texts(report)) expect(text).not.toMatch(/\p{Cs}/u);
  });

  it('says when all is over', () => {
    const over = exampleReport({ kind: 'over', newRuns: [], goneRuns: [12], errorIsOver: true });
    expect(slackContent(over, []).text).toBe(
      'Run Record Archiver Import Recovered: no failures are left on daq01',
    );
    const all = texts(over);
    expect(all[0]).toBe('✅ Run Record Archiver Import Recovered');
    expect(all.slice(5)).toEqual(['The import stage runs to its end again.', '*No longer failing:*\n12']);
  });

  it("has the stage's own error", () => {
    const report = exampleReport({ newRuns: [], error: 'artdaqDB is away' });
    expect(slackContent(report, []).text).toContain('the stage failed, 0 runs failed on daq01');
    expect(texts(report).at(-1)).toBe('*The import stage itself failed:*\nartdaqDB is away');
  });
});
