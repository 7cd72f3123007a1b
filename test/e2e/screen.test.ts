import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { ArchiverHere, caughtStream } from '../helpers/archiver-here.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite();

/** Runs the archiver on a terminal of 80 columns; gives the exit code and what the terminal is sent. */
async function onTerminal(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = { NO_COLOR: '' },
) {
  const terminal = caughtStream();
  const stdout = { ...terminal, columns: 80, isWatched: true, write: terminal.write };
  const { code, stderr } = await new ArchiverHere([site.config, ...flags], { stdout, env }).ended;
  return { code, stderr, text: terminal.text };
}

async function archiveSome(): Promise<void> {
  site.addRuns(1, 2, 4);
  site.addFaultyRun(3);
  expect((await run()).code).toBe(1);
}

const longest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

it('a terminal shows the report as plain text in 80 columns, and the log file gets the lines', async () => {
  await archiveSome();
  const { code, text } = await onTerminal(['--compare-state']);
  expect(code).toBe(0);
  const shown = stripVTControlCharacters(text).replace(/^.*\r/s, '');
  expect(shown).toMatch(/^Run record archiver on /);
  expect(shown).toContain('✗ 1 run failed\n');
  expect(shown).toMatch(/^ {2}Last execution {6}.* \(just now\), ended with failures/m);
  expect(shown).toContain('Missing in ArtdaqDB');
  expect(shown).toMatch(/ --retry-failed-import$/m);
  expect(shown).not.toContain('run_record_archiver.');
  expect(shown).not.toContain('EXECUTION COMPLETED');
  expect(site.read('archiver.log')).toContain('reporter - INFO - DATA SOURCE SUMMARY');
});

it('the text has no colours with NO_COLOR, and nothing but text where the terminal is dumb', async () => {
  await archiveSome();
  const styled = (text: string) => text.includes('\x1b[31m');
  expect(styled((await onTerminal(['--report-status'])).text)).toBe(true);
  expect(styled((await onTerminal(['--report-status'], { NO_COLOR: '1' })).text)).toBe(false);
  expect((await onTerminal(['--report-status'], { TERM: 'dumb', NO_COLOR: '' })).text).not.toContain('\x1b');
});

it('warnings that the report does not hold are shown beside it, and log lines when they are asked for', async () => {
  await archiveSome();
  const { text } = await onTerminal(['--report-status', '--incremental']);
  expect(text).toContain('--report-status only reports: --incremental has no effect\n');
  expect((await onTerminal(['--report-status', '--verbose'])).text).toContain('reporter - INFO - SUMMARY');
  const page = await onTerminal(['--report-status', '--dry-run', '--html', '/nowhere/page.html']);
  expect(page.text).toContain('\nDry run: would write /nowhere/page.html\n');
});

it('a silent UconDB and a broken state file are named, with what to do', async () => {
  await archiveSome();
  await ucondb.remove();
  const { code, text } = await onTerminal(['--report-status'], { NO_COLOR: '1', TERM: 'dumb' });
  expect(code).toBe(1);
  expect(text).toContain('✗ No answer: UconDB · 1 run failed\n');
  expect(text).toMatch(/^ {2}UconDB {14}no answer: /m);
  expect(text).toMatch(/--check-config$/m);
  expect(longest(text.replace(/^ {6}.*\n( {8}.*\n)?/gm, ''))).toBeLessThanOrEqual(80);
});
