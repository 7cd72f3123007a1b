import { expect, it } from 'vitest';
import { progressLine, Terminal } from '../../../src/log/terminal.ts';

const progress = { label: 'Import Stage', total: 50, done: 12, failed: 1, milliseconds: 8000 };

it('a progress line shows how many runs are done, the rate, the time left and the failures', () => {
  expect(progressLine(progress)).toBe('Import Stage: 12/50 runs, 90/min, 0:26 left, 1 failed');
  expect(progressLine({ ...progress, done: 0, failed: 0 })).toBe('Import Stage: 0/50 runs');
  expect(progressLine({ ...progress, total: 5000, failed: 0 })).toContain('55:26 left');
});

it('a terminal keeps the progress line below the log lines and removes it at the end', () => {
  let screen = '';
  const write = (text: string) => {
    screen += text;
    return true;
  };
  const terminal = new Terminal({ write, columns: 20 });
  terminal.write('first\n');
  terminal.show(progress);
  terminal.write('second\n');
  terminal.end();
  terminal.write('third\n');
  const line = 'Import Stage: 12/50';
  expect(screen).toBe(`first\n\r\x1b[2K${line}\r\x1b[2Ksecond\n${line}\r\x1b[2Kthird\n`);
});
