import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secrets-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

type Section = Readonly<Record<string, unknown>>;

const required = {
  source_files: { run_records_dir: '/r' },
  artdaq_db: { database_uri: 'mongodb://writer@db01/runs?authSource=admin', fcl_conf_dir: '/c' },
  ucon_db: { server_url: 'https://u/app', folder_name: 'f', object_name: 'o', writer_user: 'w' },
};

/** Parses a configuration whose sections have these parameters besides those that are required. */
function load(sections: Readonly<Record<string, Section>>, env: Record<string, string> = {}) {
  const all: Record<string, Section> = { ...required };
  for (const [name, section] of Object.entries(sections)) all[name] = { ...all[name], ...section };
  return parseConfig(JSON.stringify(all), 'c.yaml', env);
}

const problemOf = (sections: Readonly<Record<string, Section>>, env = {}) => {
  try {
    load(sections, env);
  } catch (error) {
    return String(error);
  }
  return 'none';
};

function fileWith(content: string | Buffer, mode = 0o600): string {
  const path = join(directory, 'secret');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const password = { ucon_db: { writer_password: 'pass' } };
const email = { enabled: true, recipient_email: 'a@b', sender_email: 'a@b', smtp_host: 'h' };
const slack = { enabled: true, channel: 'c' };

describe('a secret from a file', () => {
  it.each([
    ['open sesame\n', 'open sesame'],
    ['open sesame', 'open sesame'],
    ['open sesame\r\n', 'open sesame'],
    ['two\n\n', 'two\n'],
    [' ünïcode ', ' ünïcode '],
  ])('%j is the password %j, and stays secret', (content, password) => {
    const { config, warnings } = load({ ucon_db: { writer_password_file: fileWith(content) } });
    expect(warnings).toEqual([]);
    expect(config.uconDb.writerPassword).toBe(password);
    expect(config.secrets).toContain(password);
  });

  it('may be the password of the mail server, or the token of Slack', () => {
    const file = fileWith('xoxb-1\n');
    const { config } = load({
      ...password,
      reporting: { email: { ...email, smtp_password_file: file }, slack: { ...slack, bot_token_file: file } },
    });
    expect(config.reporting.email.smtpPassword).toBe('xoxb-1');
    expect(config.reporting.slack.botToken).toBe('xoxb-1');
  });

  it('may be the password of the account in the URI of artdaqDB, whatever its characters', () => {
    const { config } = load({ ...password, artdaq_db: { database_password_file: fileWith('p@ss:/%ü\n') } });
    expect(config.artdaqDb.databaseUri).toBe(
      'mongodb://writer:p%40ss%3A%2F%25%C3%BC@db01/runs?authSource=admin',
    );
    expect(config.secrets).toContain('p%40ss%3A%2F%25%C3%BC');
  });

  it('may be a credential of systemd', () => {
    fileWith('open sesame');
    const file = '${CREDENTIALS_DIRECTORY}/secret';
    const { config } = load(
      { ucon_db: { writer_password_file: file } },
      { CREDENTIALS_DIRECTORY: directory },
    );
    expect(config.uconDb.writerPassword).toBe('open sesame');
    expect(problemOf({ ucon_db: { writer_password_file: file } })).toMatch(
      /c\.yaml:\d+:\d+ ucon_db\.writer_password_file: \/secret can't be read: it does not exist \(the environment variable CREDENTIALS_DIRECTORY is not set\)$/,
    );
  });

  it('is not read for what is switched off', () => {
    const { config } = load({
      ...password,
      reporting: { slack: { enabled: false, bot_token_file: '/no/such/file' } },
    });
    expect(config.reporting.slack.botToken).toBeUndefined();
  });

  it('makes a warning if every account of the machine can read it', () => {
    chmodSync(directory, 0o755);
    const { warnings } = load({ ucon_db: { writer_password_file: fileWith('open sesame', 0o644) } });
    expect(warnings).toEqual([
      expect.stringMatching(
        /ucon_db\.writer_password_file: every account of this machine can read \S+: chmod o-r it$/,
      ),
    ]);
    expect(warnings.join()).not.toContain('sesame');
  });
});

it.each([null, 'None'])('the file %j is none', (writer_password_file) => {
  const { config } = load({ ucon_db: { writer_password: 'pass', writer_password_file } });
  expect(config.uconDb.writerPassword).toBe('pass');
});

describe('a secret that cannot be read from its file', () => {
  const said = (make: () => string) => problemOf({ ucon_db: { writer_password_file: make() } });

  it.each<[string, () => string, RegExp]>([
    ['missing', () => join(directory, 'none'), /none can't be read: it does not exist$/],
    ['a directory', () => directory, /can't be read: it is a directory, not a regular file/],
    ['empty', () => fileWith(''), /secret is empty; put the password or token into it$/],
    ['only a line end', () => fileWith('\n'), /secret is empty/],
    ['not UTF-8', () => fileWith(Buffer.from([0x70, 0xff])), /secret is not UTF-8 text$/],
  ])('as it is %s is the only problem', (_, make, says) => {
    expect(said(make)).toMatch(says);
    expect(said(make).split('\n')).toHaveLength(1);
  });

  it.runIf(process.getuid?.() !== 0)('as nobody may read it is the only problem', () => {
    expect(said(() => fileWith('open sesame', 0))).toMatch(/can't be read: .*permission denied/i);
  });

  it('as it is given in both forms is refused without being shown', () => {
    const file = fileWith('open sesame');
    const said = problemOf({ ucon_db: { writer_password: 'shut', writer_password_file: file } });
    expect(said).toMatch(
      /ucon_db\.writer_password_file: writer_password is given as well; keep one of them$/,
    );
    expect(said).not.toMatch(/sesame|shut/);
  });

  it.each(['filesystemdb:///d', 'mongodb://db01/runs', 'mongodb://writer:given@db01/runs'])(
    'as the URI %s has no place for it is refused',
    (database_uri) => {
      const said = problemOf({
        ...password,
        artdaq_db: { database_uri, database_password_file: fileWith('sesame') },
      });
      expect(said).toMatch(
        /artdaq_db\.database_password_file: needs a database_uri with an account and without/,
      );
      expect(said).not.toMatch(/sesame|given@/);
    },
  );

  it('as no path is given is refused', () => {
    expect(problemOf({ ucon_db: { writer_password_file: true } })).toMatch(
      /writer_password_file: not usable; found the boolean true; allowed a path/,
    );
  });
});
