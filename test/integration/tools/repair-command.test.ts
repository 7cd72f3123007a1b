import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { documentOf, forget, removeDocument } from '../../helpers/database-damage.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const program = fileURLToPath(new URL('../../../bin/repair-filesystemdb', import.meta.url));

function start(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const child = start(args);
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code, output, errors };
}

async function database(): Promise<string> {
  const directory = join(await temporaryDirectory(), 'db');
  const db = new FilesystemDb(directory);
  await db.insert(1, 'standard', documentsOfRun(1));
  await db.close();
  return directory;
}

describe('the command repair-filesystemdb', () => {
  it('the exit code is 0 if nothing is found or all of it repaired, and 1 if something is left', async () => {
    const directory = await database();
    const now = ['--settle', '0'];
    expect(await run(directory, ...now)).toMatchObject({
      code: 0,
      output: expect.stringContaining('nothing found'),
    });
    forget(directory, 'RunHistory', documentOf(directory, '1/standard', 'boot').id);
    expect(await run(directory, ...now)).toMatchObject({
      code: 1,
      output: expect.stringContaining("'boot'"),
    });
    expect(await run(directory, ...now, '--apply')).toMatchObject({ code: 0 });
    expect(await run(`filesystemdb://${directory}`, ...now, '--deep')).toMatchObject({ code: 0 });
    removeDocument(directory, 'RunHistory', documentOf(directory, '1/standard', 'boot').id);
    const backups = join(directory, '../kept');
    const { code, output } = await run(directory, ...now, '--apply', '--json', '--backup-dir', backups);
    expect(code).toBe(1);
    const { findings, backup } = JSON.parse(output);
    expect(findings).toMatchObject([
      { kind: 'lost document', run: 1 },
      { kind: 'damaged run', run: 1 },
    ]);
    expect(backup.startsWith(`${backups}/`)).toBe(true);
  });

  it('the exit code is 2 on wrong usage and for what is no database', async () => {
    const directory = await temporaryDirectory();
    for (const args of [
      [],
      ['--unknown', directory],
      [directory, '--runs', '5-3'],
      [directory],
      [`${directory}/none`],
    ]) {
      const { code, output, errors } = await run(...args);
      expect([code, output]).toEqual([2, '']);
      expect(errors).not.toContain('    at ');
    }
    expect(await run('--help')).toMatchObject({ code: 0, output: expect.stringContaining('Exit status') });
  });

  it('the exit code is 130 after an interruption', async () => {
    const directory = await database();
    const index = join(directory, 'RunHistory', 'index.json');
    forget(directory, 'RunHistory', documentOf(directory, '1/standard', 'boot').id);
    const before = readFileSync(index, 'utf8');
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const child = start([directory, '--apply', '--settle', '900']);
      await once(child.stderr, 'data');
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([130, null]);
      expect(readFileSync(index, 'utf8')).toBe(before);
    }
  });
});
