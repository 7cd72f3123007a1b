import { describe, expect, it } from 'vitest';
import { emailContent } from '../../../src/notify/email-content.ts';
import { exampleReport, runsFrom } from './example-report.ts';

describe('an email', () => {
  it('names each failed run with its error', () => {
    const { subject, text } = emailContent(exampleReport());
    expect(subject).toBe('Run Record Archiver Import Errors on daq01 at 2026-03-01 12:00:00');
    expect(text).toBe(
      [
        'The following runs failed during the import stage:',
        '',
        '12: run 12 has no metadata.txt',
        '15: run 15 has no metadata.txt',
        '',
        'Once the cause is removed, run-archiver --retry-failed-import processes them again.',
        'Host: daq01',
        '',
      ].join('\n'),
    );
  });

  it('calls the other stage Migration', () => {
    const { subject, text } = emailContent(exampleReport({ stage: 'migrate' }));
    expect(subject).toBe('Run Record Archiver Migration Errors on daq01 at 2026-03-01 12:00:00');
    expect(text).toContain('--retry-failed-migrate');
  });

  it('shows quoted text as it is, in HTML, too', () => {
    const cause = () => `expected "}" in <a & b>\nline 2 of 'x'`;
    const { text, html } = emailContent(exampleReport({ newRuns: [12], cause, error: '<script>' }));
    expect(text).toContain(`12: expected "}" in <a & b>\n    line 2 of 'x'`);
    expect(html).toContain(
      '<td>12</td><td>expected &quot;}&quot; in &lt;a &amp; b&gt;<br>line 2 of &#39;x&#39;</td>',
    );
    expect(html).toContain('<p>&lt;script&gt;</p>');
    expect(html).not.toContain('<script>');
  });

  it("has the stage's own error before its runs", () => {
    const { text } = emailContent(exampleReport({ error: 'artdaqDB is away' }));
    expect(text).toMatch(/^The import stage itself failed:\n\nartdaqDB is away\n\nThe following runs failed/);
  });

  it('has new runs before those told earlier', () => {
    const { text } = emailContent(exampleReport({ newRuns: [15], knownRuns: [3, 12] }));
    expect(text.indexOf('15: ')).toBeLessThan(text.indexOf('3: '));
    expect(text).toContain(
      '2 runs are still in the import failure log /data/import_failures.log, as reported earlier:',
    );
  });

  it('marks a reminder', () => {
    const { subject, text } = emailContent(exampleReport({ kind: 'reminder', newRuns: [], knownRuns: [12] }));
    expect(subject).toBe('Run Record Archiver Import Errors on daq01 at 2026-03-01 12:00:00 (reminder)');
    expect(text).toContain('1 run is still in the import failure log');
  });

  it('says when all is over', () => {
    const over = exampleReport({ kind: 'over', newRuns: [], goneRuns: [12, 15], errorIsOver: true });
    const { subject, text } = emailContent(over);
    expect(subject).toBe('Run Record Archiver Import Recovered on daq01 at 2026-03-01 12:00:00');
    expect(text).toContain('The import stage runs to its end again.');
    expect(text).toContain('No run of the import stage is failing any longer.');
    expect(text).toContain('2 runs reported earlier, no longer failing:\n\n12, 15');
    expect(text).not.toContain('--retry-failed');
  });

  it('names each of very many runs, and the errors of the first ones', () => {
    const runs = runsFrom(1000, 5000);
    const { text, html } = emailContent(exampleReport({ newRuns: runs, cause: () => 'x'.repeat(5000) }));
    for (const run of runs) {
      if (!text.includes(String(run)) || !html.includes(String(run))) throw new Error(`${run} is missing`);
    }
    expect(text.length).toBeLessThan(300_000);
    expect(text).toContain('and 4800 runs more: 1200, 1201,');
  });

  it('refers to the log for the error of a run that it does not know', () => {
    expect(emailContent(exampleReport({ cause: () => undefined })).text).toContain(
      '12: the error is in the log of the archiver',
    );
  });
});
