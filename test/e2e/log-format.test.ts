import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const app = { log_level: 'DEBUG', run_process_retries: 0, parallel_workers: 1 };
const { site, ucondb, run } = useSite({}, 'file');
const logFile = (number: number) => join(site.directory, `archiver${number}.log`);

/** A line of the log. */
interface Line {
  readonly time: string;
  readonly level: string;
  readonly module: string;
  readonly stage?: string;
  readonly run?: number;
  readonly message: string;
  readonly error_kind?: string;
  readonly fault?: string;
}

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** What stands in the lines whatever the format. */
function factsOf({ level, module, message }: Line): string {
  return `${module} - ${level} - ${message.replaceAll(/\d+/g, '#').replaceAll('\n', '\n    ')}`;
}

/**
 * The first execution of an archiver: runs are archived, one fails, one is still being copied.
 * @param number of its work directory and its databases
 */
async function eventful(number: number, ...flags: string[]): Promise<string> {
  site.configure(ucondb.url, {
    app: { ...app, work_dir: join(site.directory, `work${number}`), log_file: logFile(number) },
    artdaq_db: { database_uri: `filesystemdb://${site.database}${number}` },
    ucon_db: { object_name: `runs${number}` },
  });
  return (await run('--incremental', ...flags)).stdout;
}

let text: string;
let json: string;

beforeAll(async () => {
  site.addRuns(1, 2);
  site.addFaultyRun(3);
  site.addRun(4, { 'copy.partial': '' });
  utimesSync(join(site.runRecords, '4', 'copy.partial'), new Date(), new Date());
  text = await eventful(1);
  json = await eventful(2, '--log-format', 'json');
});

describe('a log in JSON', () => {
  it('has one object a line, on the console and in the file, that says what the text says', () => {
    expect(readFileSync(logFile(2), 'utf8')).toBe(json);
    const entries = text
      .split(/\n(?=\d{4}-)/)
      .map((entry) => entry.trimEnd().slice(26).replaceAll(/\d+/g, '#'));
    expect(linesOf(json).map(factsOf)).toEqual(entries);
    expect(new Set(linesOf(json).flatMap((line) => Object.keys(line)))).toEqual(
      new Set(['time', 'level', 'module', 'stage', 'run', 'message', 'error_kind', 'fault']),
    );
  });

  it('names the stage and the run that a message is about', () => {
    const lines = linesOf(json);
    const ofRuns = lines.filter(({ message }) => /\b[Rr]un \d/.test(message));
    expect(ofRuns.length).toBeGreaterThan(8);
    expect(ofRuns.filter(({ message, run }) => run !== Number(/\b[Rr]un (\d+)/.exec(message)?.[1]))).toEqual(
      [],
    );
    const ofStages = lines.filter(({ module }) => /\.(?:importer|migrator)$/.test(module));
    expect(
      ofStages.filter(({ module, stage }) => stage !== (module.endsWith('importer') ? 'import' : 'migrate')),
    ).toEqual([]);
  });

  it('names the kind of an error and whose fault it is', async () => {
    const lines = linesOf(json);
    expect(lines.filter(({ error_kind: kind }) => kind !== undefined)).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
        level: 'ERROR',
        module: 'run_record_archiver.importer',
        stage: 'import',
        run: 3,
        message: expect.stringContaining('✗ Run 3 failed'),
        error_kind: 'FhiclError',
        fault: 'run',
      },
    ]);
    site.configure('http://127.0.0.1:1/app');
    const outage = linesOf((await run('--migrate-only', '--log-format', 'json')).stdout);
    expect(outage.filter(({ error_kind: kind }) => kind !== undefined)).toMatchObject([
      { level: 'CRITICAL', stage: 'migrate', error_kind: 'UconDBError', fault: 'site' },
    ]);
  });

  it('is what app.log_format says unless --log-format says otherwise', async () => {
    site.configure(ucondb.url, { app: { log_format: 'json' } });
    expect(linesOf((await run('--import-only')).stdout).length).toBeGreaterThan(5);
    expect((await run('--import-only', '--log-format', 'text')).stdout).toMatch(/^\d{4}-\d\d-\d\d /);
    site.configure(ucondb.url, { app: { log_format: 'xml' } });
    const { code, stdout } = await run();
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining('app.log_format: not usable; found "xml"; allowed text or json'),
    ]);
    expect((await run('--log-format', 'xml')).code).toBe(2);
  });

  it('begins with the first line where the flag asks for it, and tells of a wrong configuration once', async () => {
    writeFileSync(site.config, 'app: 1\n');
    const lines = linesOf((await run('--log-format', 'json')).stdout);
    expect(lines.filter(({ error_kind: kind }) => kind !== undefined)).toMatchObject([
      { level: 'CRITICAL', error_kind: 'ConfigurationError', fault: 'site' },
    ]);
  });

  it('goes on in a file that began as text', async () => {
    site.configure(ucondb.url, { app: { log_file: logFile(3) } });
    await run('--import-only');
    const before = readFileSync(logFile(3), 'utf8');
    const { stdout } = await run('--import-only', '--log-format', 'json', '-q');
    const after = readFileSync(logFile(3), 'utf8');
    expect([stdout, before.slice(0, 2), after.slice(0, before.length)]).toEqual(['', '20', before]);
    expect(linesOf(after.slice(before.length)).length).toBeGreaterThan(5);
  });
});
