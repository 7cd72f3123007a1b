import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { goldenRuns } from '../helpers/golden-records.ts';
import { useTemporaryDirectories } from '../helpers/temporary-directory.ts';
import { runTool, type ToolOptions } from '../helpers/tool-process.ts';

const program = resolve(import.meta.dirname, '../../bin/run-archiver-fhicl');
const golden = join(import.meta.dirname, '../fixtures/golden/fhicl');
const temporaryDirectory = useTemporaryDirectories();

const fhicl = (args: readonly string[], options?: ToolOptions) =>
  runTool('run-archiver-fhicl', args, options);

/** Directories of the golden cases that artdaqDB stores, or refuses. */
function goldenCases(isStored: boolean): string[] {
  const summary: Record<string, { stored: boolean }> = JSON.parse(
    readFileSync(join(golden, 'summary.json'), 'utf8'),
  );
  return Object.keys(summary).filter((name) => summary[name]?.stored === isStored);
}

describe('fhicl check', () => {
  it('accepts what artdaqDB stores, and refuses the rest with line and column', async () => {
    const accepted = goldenCases(true).map((name) => `${name}/input.fcl`);
    const refused = goldenCases(false).map((name) => `${name}/input.fcl`);
    const all = await fhicl(['check', ...accepted], { cwd: golden });
    expect([all.code, all.stderr]).toEqual([0, '']);
    expect(all.stdout).toBe(accepted.map((file) => `${file}: accepted\n`).join(''));
    const none = await fhicl(['check', ...refused], { cwd: golden });
    expect([none.code, none.stdout]).toEqual([1, '']);
    const lines = none.stderr.trimEnd().split('\n');
    expect(lines.map((line) => /^(.*?):\d+:\d+: ./.exec(line)?.[1])).toEqual(refused);
  });

  it('goes through all files, whatever some of them are', async () => {
    const cwd = await temporaryDirectory();
    writeFileSync(join(cwd, 'good.fcl'), 'a: 1\n');
    writeFileSync(join(cwd, 'latin.fcl'), Buffer.from('a: 1\nb: "caf\xe9"\n', 'latin1'));
    writeFileSync(join(cwd, 'utf8.fcl'), 'a: 1\n\n# café\n');
    writeFileSync(join(cwd, 'empty.fcl'), '');
    const files = ['latin.fcl', 'utf8.fcl', 'empty.fcl', 'none.fcl', '.', 'good.fcl'];
    const { code, stdout, stderr } = await fhicl(['check', ...files], { cwd });
    expect([code, stdout]).toEqual([1, 'good.fcl: accepted\n']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^latin\.fcl:2:8: .*ASCII/),
      expect.stringMatching(/^utf8\.fcl:3:6: .*ASCII/),
      expect.stringMatching(/^empty\.fcl:1:1: .*empty/),
      expect.stringMatching(/^none\.fcl: .*no such file/),
      expect.stringMatching(/^\.: it is a directory/),
    ]);
  });

  it.each([[['check']], [['check', '-']]])('reads standard input: %j', async (args) => {
    expect(await fhicl(args, { stdin: 'a: [1, 2\n' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'stdin:1:4: the [ that opens here is never closed\n',
    });
    expect(await fhicl(args, { stdin: 'a: [1, 2]\n' })).toMatchObject({ code: 0 });
  });
});

describe('fhicl format', () => {
  it('writes what an export gives', async () => {
    const [run] = goldenRuns();
    if (run === undefined) throw new Error('there are no golden runs');
    const [source, target] = [join(run.directory, 'prepared'), join(run.directory, 'exported')];
    const files = readdirSync(source).filter((name) => existsSync(join(target, name)));
    expect(files).not.toEqual([]);
    const prepared = files.map((name) => join(source, name));
    const { code, stdout } = await fhicl(['format', ...prepared]);
    expect(code).toBe(0);
    const exported = files.map((name) => readFileSync(join(target, name), 'utf8'));
    expect(stdout).toBe(exported.join(''));
  });

  it('is quiet when its reader goes away, but not when the disk is full', async () => {
    const text = Array.from({ length: 30_000 }, (_, i) => `name${i}: ${i}\n`).join('');
    const pipe = spawnSync(
      'sh',
      ['-c', `{ "$0" "${program}" format; echo "$?" >&2; } | head -n 2`, process.execPath],
      {
        input: text,
        encoding: 'utf8',
      },
    );
    expect([pipe.stdout, pipe.stderr]).toEqual(['\nname0: 0 \n', '0\n']);
    const full = openSync('/dev/full', 'w');
    const disk = spawnSync(process.execPath, [program, 'format'], {
      input: text,
      stdio: ['pipe', full, 'pipe'],
    });
    closeSync(full);
    expect([disk.status, disk.stderr.toString()]).toEqual([
      1,
      expect.stringMatching(/^run-archiver-fhicl: .*no space left/),
    ]);
  });
});

describe('fhicl to-json', () => {
  it('writes the data as strict JSON, everything a text', async () => {
    const stdin = 'BEGIN_PROLOG\np: 0x1\nEND_PROLOG\na: [1, {b: @nil c: "x\\n\ty"}, []]\nt: {}\nv: true\v\n';
    const { code, stdout } = await fhicl(['to-json'], { stdin });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      prolog: { p: '0x1' },
      main: { a: ['1', { b: '@nil', c: 'x\\n\ty' }, []], t: {}, v: 'true\v' },
    });
    expect((await fhicl(['to-json'], { stdin: 'a: 1\na: 2\n' })).stdout).toContain('"a": "1",\n    "a": "2"');
  });

  it('writes the stored document with placeholders if asked', async () => {
    const [name = ''] = goldenCases(true);
    const { stdout } = await fhicl(['to-json', '--stored', join(golden, name, 'input.fcl')]);
    const content = (text: string) => text.slice(0, text.indexOf('"origin" :'));
    expect(content(stdout)).toBe(content(readFileSync(join(golden, name, 'stored.json'), 'utf8')));
    expect(JSON.parse(stdout)).toMatchObject({ version: '0/none', entities: [{ name: 'input' }] });
  });
});

describe('the command line of fhicl', () => {
  it('explains itself, and ends with 2 on wrong usage', async () => {
    const help = await fhicl(['--help']);
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('Exit status')]);
    for (const args of [[], ['grep'], ['check', '--no-such-option']]) {
      const { code, stdout, stderr } = await fhicl(args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/error|Usage/);
    }
  });
});
