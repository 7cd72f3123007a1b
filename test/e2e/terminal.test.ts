import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const program = resolve(import.meta.dirname, '../../bin/run-archiver');
const CLEAR_LINE = '\r\x1b[2K';
const CTRL_C = '\x03';

const { site, ucondb } = useSite();

beforeEach(() => site.addRuns(1, 2, 3));

/**
 * Runs the archiver on a terminal of its own, 30 columns wide.
 * @param interruptAt texts at each of which Ctrl-C is pressed, in the order in which they appear
 * @returns all that the terminal is sent
 */
async function onTerminal(terminal: string, interruptAt: readonly string[] = []): Promise<string> {
  const command = `trap : INT; stty cols 30 -echoctl; ${program} ${site.config}; echo "exit code $?"`;
  const script = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, TERM: terminal, SHELL: '/bin/sh' },
  });
  let screen = '';
  const awaited = [...interruptAt];
  script.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (awaited[0] === undefined || !screen.includes(awaited[0])) return;
    awaited.shift();
    script.stdin.write(CTRL_C);
  });
  await once(script, 'close');
  return screen;
}

it('shows a progress line that fits and is gone at the end', async () => {
  const screen = await onTerminal('xterm');
  const shown = screen.split(CLEAR_LINE).filter((text) => /^\w+ Stage: /.test(text));
  expect(shown[0]).toBe('Import Stage: 0/3 runs');
  expect(shown.every((text) => (text.split('\n').at(-1) ?? '').length < 30)).toBe(true);
  expect(screen).toMatch(/ - Archiver execution complete\.\r\nexit code 0\r\n/);
});

it('leaves no progress line behind when three Ctrl-C end it at once', async () => {
  void ucondb.hold();
  const screen = await onTerminal('xterm', ['Migration Stage: 0/3', 'GRACEFUL SHUTDOWN', '2/3 times']);
  expect(screen).toContain('IMMEDIATE SHUTDOWN');
  expect(screen).toContain(`${CLEAR_LINE}exit code 130\r\n`);
});

it('has plain lines alone on a terminal that can not clear a line', async () => {
  expect(await onTerminal('dumb')).not.toContain('\x1b');
});
