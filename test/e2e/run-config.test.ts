import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../src/errors.ts';
import { exitCodeOf } from '../../src/exit.ts';
import { readFlags } from '../../tools/run-config/flags.ts';
import { runConfig } from '../../tools/run-config/run-config.ts';
import { caughtStream } from '../helpers/archiver-here.ts';
import { documentOf } from '../helpers/database-damage.ts';
import { describeWithMongodb, uniqueDatabaseUri } from '../helpers/mongodb-server.ts';
import { SilentServer } from '../helpers/silent-server.ts';
import { type ToolEnd, ToolProcess } from '../helpers/tool-process.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite({}, 'file');

const SOURCES = ['artdaqdb', 'ucondb', 'files'] as const;

function filesOf(gain: number, hosts: readonly string[] = ['h1', 'h2']): Record<string, string> {
  const processes = hosts
    .map((host, i) => `EventBuilder host: ${host}\nEventBuilder label: eb${i}\n\n`)
    .join('');
  return {
    'boot.txt': `DAQ setup script: /daq/setup.sh\ndebug level: 1\n\n${processes}`,
    'component01.fcl': `# ${gain}\ndaq: {\n  fragment_receiver: {\n    gain: ${gain}\n    ids: [1, 2, 3, 4]\n  }\n}\n`,
    'setup.txt': `#!/bin/bash\nexport GAIN=${gain}\nsetup artdaq\n`,
  };
}

/** In the process of the test, from its sources. */
async function ask(...argv: readonly string[]): Promise<ToolEnd> {
  return await askOf(site.config, ...argv);
}

async function askOf(config: string, ...argv: readonly string[]): Promise<ToolEnd> {
  const [stdout, stderr] = [caughtStream(), caughtStream()];
  const flags = readFlags([config, ...argv]);
  const code = await runConfig(flags, {
    env: process.env,
    stdout,
    stderr,
    process: new EventEmitter(),
    exit: () => expect.unreachable(),
    now: () => new Date(),
    sleep: async () => undefined,
  }).catch((error: unknown) => {
    stderr.write(`${messageOf(error)}\n`);
    return exitCodeOf(error);
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** Everything below a directory, with contents and times of change. */
function snapshot(directory: string): Map<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true });
  return new Map(
    names.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, entry.isFile() ? readFileSync(path, 'base64') : String(statSync(path).mtimeMs)];
    }),
  );
}

beforeAll(async () => {
  site.addRun(1, filesOf(12));
  site.addRun(2, filesOf(12));
  site.addRun(3, { ...filesOf(14, ['h0', 'h1', 'h2']), 'component02.fcl': 'a: 1\n' });
  site.addRun(5, { ...filesOf(14, ['h0', 'h1', 'h2']), 'component03.fcl': 'a: 1.0\n' });
  expect((await run()).code).toBe(0);
});

describe.each(SOURCES)('the configuration of runs from %s', (from) => {
  it('is compared parameter by parameter', async () => {
    const { code, stdout, stderr } = await ask('diff', '2', '3', '--from', from);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout.split('\n').sort()).toEqual(
      [
        'component02.fcl  added (1 parameter)',
        'component01.fcl: daq.fragment_receiver.gain  12 → 14',
        'boot.fcl: artdaq_process_settings[0].host  "h1" → "h0"',
        'boot.fcl: artdaq_process_settings[1].host  "h2" → "h1"',
        'boot.fcl: artdaq_process_settings[2].name  added "EventBuilder"',
        'boot.fcl: artdaq_process_settings[2].label  added "eb2"',
        'boot.fcl: artdaq_process_settings[2].host  added "h2"',
        'setup.fcl: setup_script',
        '    - export GAIN=12',
        '    + export GAIN=14',
        'RunHistory.fcl: config_name  "test2" → "test3"',
        'metadata.fcl: config_name  "test2" → "test3"',
        'Runs 2 and 3: 1 file and 9 parameters differ; left out: 1 that differ in every run (--all shows them)',
        '',
      ].sort(),
    );
  });

  it('shows files under another name', async () => {
    const { stdout } = await ask('diff', '3', '5', '--from', from, '--csv');
    expect(stdout.split('\n')).toContain('moved,component03.fcl:,component02.fcl:,,');
  });

  it('is found over the runs', async () => {
    const found = await ask('find', 'component0?.fcl: daq.**.gain', '--from', from);
    expect(found).toEqual({
      code: 0,
      stdout: 'component01.fcl: daq.fragment_receiver.gain\n  1–2: 12\n  3–5: 14\n',
      stderr: '',
    });
    const changed = await ask('find', 'component*:', '--from', from, '--changes');
    expect([changed.code, changed.stdout.split('\n').sort()]).toEqual([
      0,
      [
        '',
        '3: component01.fcl: daq.fragment_receiver.gain  12 → 14',
        '3: component02.fcl: a  (not set) → 1',
        '5: component02.fcl: a  1 → (not set)',
        '5: component03.fcl: a  (not set) → 1.0',
      ],
    ]);
  });

  it('has texts of several lines, which are compared by line', async () => {
    const found = await ask('find', 'setup:', '--from', from);
    expect(found.stdout).toBe(
      'setup.fcl: setup_script\n  1–2: "#!/bin/bash\\nexport GAIN=12\\nsetup artdaq\\n"\n' +
        '  3–5: other lines\n    - export GAIN=12\n    + export GAIN=14\n',
    );
  });

  it('is shown', async () => {
    const whole = await ask('show', '3', '--from', from);
    expect(whole.code).toBe(0);
    expect(whole.stdout).toContain('boot.fcl: artdaq_process_settings[0].host  "h0"\n');
    expect(whole.stdout).toContain('component01.fcl: daq.fragment_receiver.ids  [1, 2, 3, 4]\n');
    expect(whole.stdout).toContain(
      'RunHistory2.fcl: DAQInterface_start_time  "Thu Oct 24 15:30:00 UTC 2024"\n',
    );
    const one = await ask(
      'show',
      '3',
      'component01.fcl:daq.fragment_receiver.ids[2]',
      '--from',
      from,
      '--csv',
    );
    expect(one.stdout).toBe('path,value\ncomponent01.fcl:daq.fragment_receiver.ids[2],3\n');
  });
});

it('the three sources hold the same', async () => {
  const [one, ...others] = await Promise.all(
    SOURCES.map(async (from) => {
      const { stdout } = await ask('show', '3', '--from', from);
      return stdout.split('\n').sort();
    }),
  );
  for (const other of others) expect(other).toEqual(one);
});

it('each path that diff prints can be pasted to find and show', async () => {
  const { stdout } = await ask('diff', '2', '3');
  const names = [...stdout.matchAll(/^(\S+: \S+) {2}(?:added|.* →)/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const shown = await ask('show', '3', ...name.split(' '));
    expect(shown.stdout).toMatch(new RegExp(`^${name.replace(/[[\].]/g, '\\$&')}  .*\\n$`));
    const found = await ask('find', name, '--runs', '3', '--csv');
    expect(found.stdout.split('\n')[1]).toBe(
      `${name.replace(' ', '')},3,3,${shown.stdout
        .trim()
        .split('  ')[1]
        ?.replace(/.*"(.*)".*/, '"""$1"""')}`,
    );
  }
});

describe('for programs', () => {
  it('a difference is JSON', async () => {
    const { code, stdout } = await ask('diff', '1', '3', '--json');
    expect(code).toBe(1);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      version: 1,
      from: 'artdaqdb',
      location: `filesystemdb://${site.database}`,
      runs: [1, 3],
      equal: false,
      files: { moved: [], removed: [], added: [{ name: 'component02.fcl', parameters: 1 }] },
      left_out: 1,
      failed: [],
    });
    expect(document.parameters).toContainEqual({
      change: 'changed',
      path: 'component01.fcl:daq.fragment_receiver.gain',
      old_path: 'component01.fcl:daq.fragment_receiver.gain',
      old: '12',
      new: '14',
    });
  });

  it('what is found is JSON or a table', async () => {
    const gain = 'component01.fcl:daq.fragment_receiver.gain';
    const { stdout } = await ask('find', gain, '--runs', '1-4', '--json');
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      from: 'artdaqdb',
      location: `filesystemdb://${site.database}`,
      pattern: gain,
      read: 3,
      failed: [],
      missing: [{ first: 4, last: 4 }],
      interrupted: false,
      parameters: [
        {
          path: gain,
          ranges: [
            { first: 1, last: 2, runs: 2, value: '12' },
            { first: 3, last: 3, runs: 1, value: '14' },
          ],
        },
      ],
    });
    const changes = await ask('find', gain, '--changes', '--json');
    expect(JSON.parse(changes.stdout).changes).toEqual([
      { run: 3, previous_run: 2, path: gain, old: '12', new: '14' },
    ]);
    const table = await ask('find', gain, '--changes', '--csv');
    expect(table.stdout).toBe(`run,previous_run,path,old,new\n3,2,${gain},12,14\n`);
    expect((await ask('find', gain, '--csv')).stdout).toBe(
      `path,first,last,value\n${gain},1,2,12\n${gain},3,5,14\n`,
    );
  });
});

describe('what differs in every run', () => {
  it('is left out of differences and changes unless it is asked for', async () => {
    site.addRun(8, { 'metadata.txt': metadata('15:30') });
    site.addRun(9, { 'metadata.txt': metadata('16:31'), 'component01.fcl': 'daq: { run: 8 }\n' });
    const equal = await ask('diff', '8', '9', '--from', 'files');
    expect(equal).toMatchObject({
      code: 0,
      stdout: 'Runs 8 and 9: no difference; left out: 3 that differ in every run (--all shows them)\n',
    });
    const all = await ask('diff', '8', '9', '--from', 'files', '--all');
    expect(all.code).toBe(1);
    expect(all.stdout).toContain('metadata.fcl: daqinterface_start_time  ');
    const changes = await ask('find', '*:', '--changes', '--from', 'files', '--runs', '8-9');
    expect(changes).toEqual({
      code: 0,
      stdout: '',
      stderr: 'run-config: Left out: 3 changes of what differs in every run (--all shows them)\n',
    });
    for (const number of [8, 9]) rmSync(join(site.runRecords, String(number)), { recursive: true });
  });
});

const metadata = (time: string) =>
  `Config name: a\nComponent #0: component01\n\nDAQInterface start time: Thu Oct 24 ${time}:00 UTC 2024\n`;

describe('a question without an answer', () => {
  it.each(SOURCES)('says which runs are near (%s)', async (from) => {
    const { code, stdout, stderr } = await ask('diff', '2', '4', '--from', from);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Run 4 is not in .*: the nearest are 3 and 5\n$/);
    const last = await ask('show', '9999999', '--from', from);
    expect(last.stderr).toMatch(/: the nearest is \d+\n$/);
    const none = await ask('find', 'a', '--runs', '40-50', '--from', from);
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/^None of these runs is in .*: it holds 1-3, 5\n$/);
  });

  it('says which parameters and files are near', async () => {
    const near = async (...argv: string[]) => {
      const { code, stderr } = await ask(...argv);
      expect(code).toBe(1);
      return stderr.trim();
    };
    expect(await near('find', 'boot.fcl:debug_levl')).toBe(
      "None of the runs has a parameter that matches 'boot.fcl:debug_levl'; near in run 5: boot.fcl:debug_level",
    );
    expect(await near('show', '1', 'debuglevel')).toContain('near in run 1: boot.fcl:debug_level');
    expect(await near('show', '1', 'boot.fcl')).toContain('near in run 1: boot.fcl:');
    expect(await near('show', '1', 'component1.fcl:daq')).toContain('near in run 1: component01.fcl:');
    expect(await near('show', '1', 'nothing_like_it_at_all')).toContain('; show 1 lists all of run 1');
  });

  it('names a configuration that is not there', async () => {
    const { code, stderr } = await askOf('/nowhere/config.yaml', 'diff', '1', '2');
    expect([code, stderr]).toEqual([1, expect.stringContaining('/nowhere/config.yaml')]);
  });
});

it('where the C++ tools archive, documents are read without them', async () => {
  const question = ['find', 'boot:debug_level'];
  const expected = await ask(...question);
  site.configure(ucondb.url, { artdaq_db: { use_tools: true } });
  expect(await ask(...question)).toEqual(expected);
  site.configure(ucondb.url);
});

describe('a document that is damaged', () => {
  it('fails its run, and no other', async () => {
    const { id } = documentOf(site.database, '2/test2', 'component01');
    const path = join(site.database, 'RunHistory', `${id}.json`);
    const stored = readFileSync(path);
    writeFileSync(path, stored.subarray(0, 300));
    const found = await ask('find', 'component01.fcl:daq.fragment_receiver.gain');
    expect(found).toMatchObject({ code: 1, stdout: expect.stringContaining('  1: 12\n  3–5: 14\n') });
    expect(found.stderr).toMatch(/^run-config: Run 2 is left out: .*json is no readable artdaqDB document/);
    expect(await ask('diff', '1', '2')).toMatchObject({ code: 1, stdout: '' });
    expect((await ask('show', '2', 'boot.fcl:debug_level')).stdout).toBe('boot.fcl: debug_level  1\n');
    writeFileSync(path, stored);
  });

  it('that is no FHiCL is compared in neither run', async () => {
    site.addRun(6, { 'component01.fcl': 'daq: {\n', 'boot.txt': 'debug level: 1\n' });
    site.addRun(7, { 'component01.fcl': 'daq: 1\n', 'boot.txt': 'debug level: 2\n' });
    const { code, stdout, stderr } = await ask('diff', '6', '7', '--from', 'files');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^run-config: Run 6: component01\.fcl, line 1, column 6: .*; it is left out\n$/);
    expect(stdout).toContain('boot.fcl: debug_level  1 → 2\n');
    expect(stdout).toContain('; 1 file could not be compared\n');
    for (const number of [6, 7]) rmSync(join(site.runRecords, String(number)), { recursive: true });
  });
});

describe('as a process of its own', () => {
  it('it changes nothing, and needs no work directory', async () => {
    const before = [site.database, site.work, site.runRecords].map(snapshot);
    const { code, stdout, stderr } = await new ToolProcess('run-config', [site.config, 'diff', '1', '2'])
      .ended;
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('metadata.fcl: config_name  "test1" → "test2"\n');
    expect([site.database, site.work, site.runRecords].map(snapshot)).toEqual(before);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'it ends with 130 at %s, although a server says nothing',
    async (signal) => {
      const silent = await SilentServer.start();
      site.configure(`http://127.0.0.1:${silent.port}`);
      const asked = new ToolProcess('run-config', [site.config, 'find', 'a', '--from', 'ucondb']);
      await silent.connected;
      asked.kill(signal);
      expect(await asked.ended).toEqual({ code: 130, stdout: '', stderr: '' });
      await silent.close();
      site.configure(ucondb.url);
    },
  );

  it('it ends when nobody reads its output any more', async () => {
    const program = resolve(import.meta.dirname, '../../bin/run-config');
    const child = spawn(process.execPath, [program, site.config, 'find', '*:', '--changes', '--all']);
    child.stdout.destroy();
    child.stderr.resume();
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});

describeWithMongodb('the configuration of runs in MongoDB', (server) => {
  it('is found as in a FilesystemDB', async () => {
    const questions = [
      ['diff', '2', '3'],
      ['find', 'component0?.fcl:daq.**'],
      ['find', 'boot:debug_level'],
      ['show', '3'],
    ];
    const expected: ToolEnd[] = [];
    for (const question of questions) expected.push(await ask(...question));
    site.configure(ucondb.url, { artdaq_db: { database_uri: uniqueDatabaseUri(server) } });
    expect((await run('--import-only')).code).toBe(0);
    for (const [i, question] of questions.entries()) expect(await ask(...question)).toEqual(expected[i]);
    site.configure(ucondb.url);
  });
});
