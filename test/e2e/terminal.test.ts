import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
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

it('a terminal shows a progress line that fits and is gone at the end', async () => {
  const screen = await onTerminal('xterm');
  const shown = screen.split(CLEAR_LINE).filter((text) => /^\w+ Stage: /.test(text));
  expect(shown[0]).toBe('Import Stage: 0/3 runs');
  expect(shown.every((text) => (text.split('\n').at(-1) ?? '').length < 30)).toBe(true);
  expect(screen).toMatch(/ - Archiver execution complete\.\r\nexit code 0\r\n/);
});

it('three Ctrl-C leave no progress line behind', async () => {
  void ucondb.hold();
  const screen = await onTerminal('xterm', ['Migration Stage: 0/3', 'GRACEFUL SHUTDOWN', '2/3 times']);
  expect(screen).toContain('IMMEDIATE SHUTDOWN');
  expect(screen).toContain(`${CLEAR_LINE}exit code 130\r\n`);
});

it('a terminal that cannot clear a line shows plain lines alone', async () => {
  expect(await onTerminal('dumb')).not.toContain('\x1b');
});

describe('a terminal that goes away', () => {
  /** Waits until something is true of the files in a directory. */
  async function until(directory: string, isTrue: () => boolean): Promise<void> {
    const watcher = watch(directory);
    while (!isTrue()) await once(watcher, 'change');
    watcher.close();
  }

  const logged = (text: string): Promise<void> =>
    until(site.work, () => site.read('archiver.log').includes(text));

  /**
   * Takes the terminal away while the archiver uploads its first run.
   * @param command starts the archiver; `$0` is the program with its configuration
   * @param upload lets the upload end
   * @returns the exit code as a shell gives it
   */
  async function withoutTerminal(command: string, upload: () => Promise<void>): Promise<string> {
    const status = join(site.directory, 'status');
    const uploading = ucondb.hold();
    const line = `trap "" HUP; ${command.replaceAll('$0', `${program} ${site.config}`)}; echo $? > ${status}`;
    const script = spawn('script', ['-qec', line, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    await uploading;
    script.kill('SIGKILL');
    await once(script, 'exit');
    await upload();
    await until(site.directory, () => existsSync(status) && readFileSync(status, 'utf8').endsWith('\n'));
    return readFileSync(status, 'utf8').trim();
  }

  const signal = (name: NodeJS.Signals): boolean => process.kill(Number(site.read('.archiver.lock')), name);

  /** As the shell of a login does when its terminal has gone. */
  const hangUp = async (): Promise<void> => {
    signal('SIGHUP');
    await logged('SIGHUP received');
  };

  const afterHangup = async (): Promise<void> => {
    await hangUp();
    ucondb.release();
  };

  it.each([
    ['by SIGHUP', '$0', afterHangup],
    ['by SIGHUP under nohup', `nohup $0 > nohup.out 2>&1`, afterHangup],
    ['without a word', 'setsid -w $0', async () => ucondb.release()],
    ['without a word, and nothing to write there', 'setsid -w $0 --quiet', async () => ucondb.release()],
  ])('%s is no reason to stop', async (_, command, upload) => {
    expect(await withoutTerminal(command.replace('nohup.out', join(site.directory, 'out')), upload)).toBe(
      '0',
    );
    expect(await ucondb.runs()).toEqual([1, 2, 3]);
    expect(existsSync(site.lockFile)).toBe(false);
    expect(site.read('archiver.log')).toContain('Archiver execution complete.');
    expect(site.read('archiver.log')).not.toContain('ERROR');
    if (command.includes('nohup')) {
      const output = readFileSync(join(site.directory, 'out'), 'utf8');
      expect(output).toMatch(/SIGHUP received[\s\S]*Archiver execution complete\./);
    }
  });

  it('still lets SIGTERM stop the work', async () => {
    const stop = async (): Promise<void> => {
      await hangUp();
      signal('SIGTERM');
      await logged('GRACEFUL SHUTDOWN REQUESTED (SIGTERM)');
      ucondb.release();
    };
    expect(await withoutTerminal('$0', stop)).toBe('130');
  });
});
