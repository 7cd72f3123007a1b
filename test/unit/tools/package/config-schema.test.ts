import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../../src/config/load.ts';
import { parameterPaths } from '../../../../src/config/sections.ts';
import { configSchema } from '../../../../tools/package/config-schema.ts';
import { parameterComments } from '../../../../tools/package/parameter-comments.ts';
import { readDocuments } from '../../../helpers/documents.ts';
import { Site } from '../../../helpers/site.ts';

const template = readFileSync('config.yaml.template', 'utf8');
const schema = configSchema(template);
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
const validate = ajv.compile(schema);

/** What is wrong with a configuration, each with its place. */
function problemsOf(config: unknown): string[] {
  validate(config);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const required = {
  source_files: { run_records_dir: '/r' },
  artdaq_db: { database_uri: 'filesystemdb:///d', fcl_conf_dir: '/c' },
  ucon_db: {
    server_url: 'https://u/app',
    folder_name: 'f',
    object_name: 'o',
    writer_user: 'w',
    writer_password: 'p',
  },
};

describe('the JSON Schema of a configuration', () => {
  it('is one', () => {
    expect(ajv.validateSchema(schema)).toBe(true);
  });

  it('takes the template, for which its first line names it', () => {
    expect(problemsOf(parse(template))).toEqual([]);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const path = `/opt/run-record-archiver-${version}/dist/config.schema.json`;
    expect(template.split('\n')[0]).toBe(`# yaml-language-server: $schema=${path}`);
  });

  it('takes the examples of the guides, with what is required beside them', () => {
    const blocks = readDocuments().flatMap(({ blocks }) => blocks);
    const examples = blocks
      .filter(({ language }) => language === 'yaml')
      .map(({ text }) => parse(text) as Record<string, object>)
      .filter((example) => !('groups' in example));
    expect(examples.length).toBeGreaterThan(5);
    for (const example of examples) {
      const config: Record<string, object> = { ...required };
      for (const [name, section] of Object.entries(example)) config[name] = { ...config[name], ...section };
      expect(problemsOf(config)).toEqual([]);
    }
  });

  it('takes the configuration of a test site, and whatever else the archiver takes', () => {
    const site = new Site().make('http://127.0.0.1:1/app');
    try {
      expect(problemsOf(JSON.parse(readFileSync(site.config, 'utf8')))).toEqual([]);
    } finally {
      site.remove();
    }
    for (const more of [
      { app: null, reporting: { send_email_on_error: false, smtp_host: 'h' } },
      {
        app: {
          batch_size: '${BATCH:-5}',
          retry_delay_seconds: '1_0.5',
          log_level: 'warning',
          log_file: null,
        },
      },
      { app: { log_format: '${LOG_FORMAT:-json}' } },
      { app: { exclude_most_recent_run: 'yes' }, fhiclize_generate: ['boot', 'metadata.txt'] },
      { app_fuzz: { seed: -3 }, fhiclize_generate: { files: ['ranks.fcl'] } },
      { ucon_db: { ...required.ucon_db, writer_password: 12345 } },
    ]) {
      const config = { ...required, ...more };
      expect(problemsOf(config)).toEqual([]);
      expect(() => parseConfig(JSON.stringify(config), 'c.yaml', {})).not.toThrow();
    }
    const { writer_password: _, ...uconDb } = required.ucon_db;
    expect(problemsOf({ ...required, ucon_db: { ...uconDb, writer_password_file: '/f' } })).toEqual([]);
  });

  it.each<[object, string]>([
    [{ app: { bach_size: 5 } }, '/app must NOT have additional properties'],
    [{ apps: {} }, ' must NOT have additional properties'],
    [{ app: { batch_size: 0 } }, '/app/batch_size must be >= 1'],
    [{ app: { batch_size: 1.5 } }, '/app/batch_size must be multiple of 1'],
    [{ app: { batch_size: 'many' } }, expect.stringContaining('/app/batch_size must match pattern')],
    [{ app: { batch_size: true } }, '/app/batch_size must be number,string'],
    [{ app: { log_format: 'xml' } }, '/app/log_format must be equal to one of the allowed values'],
    [{ app: { work_dir: 5 } }, '/app/work_dir must be string'],
    [{ carbon: { port: 70_000 } }, '/carbon/port must be <= 65535'],
    [{ source_files: {} }, "/source_files must have required property 'run_records_dir'"],
    [{ ucon_db: undefined }, " must have required property 'ucon_db'"],
    [
      { fhiclize_generate: ['boots'] },
      expect.stringContaining('/fhiclize_generate/0 must be equal to one of'),
    ],
  ])('refuses %j', (wrong, says) => {
    const config = JSON.parse(JSON.stringify({ ...required, ...wrong }));
    expect(problemsOf(config)).toContainEqual(says);
    expect(problemsOf(required)).toEqual([]);
  });

  it('wants a password, or its file', () => {
    const { writer_password: _, ...uconDb } = required.ucon_db;
    expect(problemsOf({ ...required, ucon_db: uconDb })).toContain('/ucon_db must match a schema in anyOf');
  });
});

describe('the descriptions of parameters', () => {
  const comments = parameterComments(template);

  it('are the comments of the template, which has one for each parameter', () => {
    expect(comments.get('app.batch_size')).toMatch(
      /^Runs per stage and execution with --incremental; .*Default: 5$/,
    );
    expect(comments.get('reporting.email.smtp_password')).toMatch(/^The login, if the server wants one/);
    expect(comments.get('healthcheck')).toMatch(/^A dead man's switch/);
    const without = parameterPaths.map((path) => path.join('.')).filter((name) => !comments.has(name));
    expect(without).toEqual([]);
  });
});
