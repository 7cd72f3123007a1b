import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadEnvFile } from '../../../src/config/env-file.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { initialise } from '../../../src/setup/initialise.ts';
import type { Prompt } from '../../../src/setup/questions.ts';

let root: string;
let installation: string;
let said: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'init-'));
  installation = join(root, 'installation');
  mkdirSync(installation);
  await copyFile('config.yaml.template', join(installation, 'config.yaml.template'));
  said = '';
});

afterEach(() => rmSync(root, { recursive: true }));

/** A person who says these, one after the other, and then nothing more. */
function person(...answers: (string | undefined)[]): Prompt & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    ask: async (question, isSecret) => {
      asked.push(isSecret ? `secret: ${question}` : question);
      return answers.shift();
    },
    say: (text) => {
      said += text;
    },
  };
}

const directory = () => join(root, 'etc', 'run-archiver');
const make = (
  parameters: Readonly<Record<string, string>>,
  prompt?: Prompt,
  env: Record<string, string> = {},
) =>
  initialise(
    { directory: directory(), parameters: new Map(Object.entries(parameters)) },
    { prompt, env, installation: `${installation}/`, say: (text) => (said += text) },
  );

/** What was written, as the archiver reads it. */
function written(env: Record<string, string> = {}) {
  const text = readFileSync(join(directory(), 'config.yaml'), 'utf8');
  const fromFile = loadEnvFile(join(installation, 'archiver.env'), env);
  return { text, fromFile, ...parseConfig(text, 'config.yaml', { ...env, ...fromFile }) };
}

const needed = {
  'ucon_db.server_url': 'https://u:9443/x/app',
  'ucon_db.folder_name': 'folder',
  'ucon_db.object_name': 'object',
  'ucon_db.writer_user': 'writer',
};
const answers = ['', '/r', 'mongodb://me:p%40ss@db/runs', '', 'https://u/app', 'f', 'o', 'w', "it's $ecret"];

describe('a new configuration', () => {
  it('from a person has the answers in it, and the secrets in archiver.env', async () => {
    const prompt = person(...answers);
    expect(await make({}, prompt)).toBe(join(directory(), 'config.yaml'));
    const { config, warnings, text, fromFile } = written();
    expect(warnings).toEqual([]);
    expect(config.app.workDir).toBe('/var/lib/run-archiver');
    expect(config.app.migrateStateFile).toBe('/var/lib/run-archiver/migrator_state.json');
    expect(config.sourceFiles.runRecordsDir).toBe('/r');
    expect(config.artdaqDb.databaseUri).toBe('mongodb://me:p%40ss@db/runs');
    expect(config.uconDb).toMatchObject({ serverUrl: 'https://u/app', folderName: 'f', objectName: 'o' });
    expect(config.uconDb).toMatchObject({ writerUser: 'w', writerPassword: "it's $ecret" });
    expect(text).not.toMatch(/ecret|p%40ss/);
    expect(Object.keys(fromFile).toSorted()).toEqual(['ARTDAQDB_URL', 'UCONDB_PASSWORD']);
    for (const path of [join(directory(), 'config.yaml'), join(installation, 'archiver.env')]) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(prompt.asked[0]).toBe('Directory for state and log [/var/lib/run-archiver]: ');
    expect(prompt.asked.at(-1)).toMatch(/^secret: Its password/);
    expect(said).not.toMatch(/ecret|p%40ss/);
  });

  it('keeps the comments of the template, and names the schema of the installation', async () => {
    await make({ ...needed, 'app.batch_size': '50', 'ucon_db.tls_verify': 'false' });
    const { text, config } = written({ UCONDB_PASSWORD: 'p' });
    expect([config.app.batchSize, config.uconDb.tlsVerify]).toEqual([50, false]);
    const comments = (all: string) => all.split('\n').filter((line) => /^ *#(?! yaml-l)/.test(line));
    expect(comments(text)).toEqual(comments(readFileSync('config.yaml.template', 'utf8')));
    expect(text).toContain('\n  batch_size: 50\n');
    expect(text.split('\n')[0]).toBe(
      `# yaml-language-server: $schema=${installation}/dist/config.schema.json`,
    );
  });

  it('asks again until the answer is usable, and only what --set leaves open', async () => {
    const prompt = person('ftp://u', '', 'https://u/app', '');
    const { 'ucon_db.server_url': _, ...rest } = needed;
    const given = {
      ...rest,
      'app.work_dir': '/w',
      'source_files.run_records_dir': '/r',
      'artdaq_db.database_uri': 'filesystemdb:///d',
      'artdaq_db.fcl_conf_dir': '/c',
    };
    await make(given, prompt);
    expect(prompt.asked.map((question) => question.slice(0, 6))).toEqual([
      'UconDB',
      'UconDB',
      'UconDB',
      'secret',
    ]);
    expect(said).toContain('This must be an http or https URL that ends in /app');
    expect(said).toContain('This must be an answer.');
    expect(written({ UCONDB_PASSWORD: 'p' }).config.uconDb.serverUrl).toBe('https://u/app');
    expect(existsSync(join(installation, 'archiver.env'))).toBe(false);
  });

  it.each([0, 3, 8])('is not written if the person stops after %i answers', async (count) => {
    expect(await make({}, person(...answers.slice(0, count), undefined))).toBeUndefined();
    expect(existsSync(directory())).toBe(false);
    expect(existsSync(join(installation, 'archiver.env'))).toBe(false);
  });

  it('without a terminal takes secrets from the environment', async () => {
    const env = { UCONDB_PASSWORD: 'sesame', ARTDAQDB_URL: 'mongodb://a:b@c/d' };
    await make(needed, undefined, env);
    const { config, text } = written();
    expect(config.uconDb.writerPassword).toBe('sesame');
    expect(config.artdaqDb.databaseUri).toBe('mongodb://a:b@c/d');
    expect(text).not.toMatch(/sesame|a:b@/);
  });

  it('may name a file with the password', async () => {
    const file = join(root, 'password');
    writeFileSync(file, 'sesame\n', { mode: 0o600 });
    await make({ ...needed, 'ucon_db.writer_password_file': file });
    expect(written().config.uconDb.writerPassword).toBe('sesame');
  });

  it('without a terminal says what is missing', async () => {
    await expect(make({ 'ucon_db.folder_name': 'f' })).rejects.toThrow(
      'without a terminal --init also needs --set ucon_db.server_url=… --set ucon_db.object_name=… --set ucon_db.writer_user=…',
    );
  });

  it.each([
    [
      { 'app.bach_size': '5' },
      '--set app.bach_size=5: allowed the name of a parameter of config.yaml.template',
    ],
    [{ 'app.batch_size': 'many' }, '--set app.batch_size=many: allowed an integer of at least 1'],
    [{ 'ucon_db.writer_password': 'sesame' }, 'set the environment variable UCONDB_PASSWORD instead'],
    [{ 'artdaq_db.database_uri': 'mongodb://a:sesame@c/d' }, 'set the environment variable ARTDAQDB_URL'],
  ])('refuses %j', async (wrong, says) => {
    const making = make({ ...needed, ...wrong });
    await expect(making).rejects.toThrow(says);
    await expect(making).rejects.not.toThrow('sesame');
    expect(existsSync(directory())).toBe(false);
  });

  it('never replaces a file', async () => {
    mkdirSync(directory(), { recursive: true });
    writeFileSync(join(directory(), 'config.yaml'), 'mine');
    const prompt = person();
    await expect(make({}, prompt)).rejects.toThrow(/config\.yaml exists and is left alone; name another/);
    expect(prompt.asked).toEqual([]);
    expect(readFileSync(join(directory(), 'config.yaml'), 'utf8')).toBe('mine');
    rmSync(directory(), { recursive: true });
    writeFileSync(join(installation, 'archiver.env'), 'MINE=1\n');
    await make(needed, undefined, { UCONDB_PASSWORD: 'sesame' });
    expect(readFileSync(join(installation, 'archiver.env'), 'utf8')).toBe('MINE=1\n');
    expect(said).toContain(
      'archiver.env was not written: it exists and is left alone. UCONDB_PASSWORD must be in it',
    );
    said = '';
    rmSync(directory(), { recursive: true });
    writeFileSync(join(installation, 'archiver.env'), 'UCONDB_PASSWORD=sesame\n');
    await make(needed, undefined, { UCONDB_PASSWORD: 'sesame' });
    expect(said).not.toContain('archiver.env');
  });
});
