import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiverConfig } from '../../../src/config/archiver-config.ts';
import { loadConfig, parseConfig } from '../../../src/config/load.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import { GENERATE_NAMES } from '../../../src/records/converters/converters.ts';

const required = {
  'source_files.run_records_dir': '/records',
  'artdaq_db.database_uri': 'filesystemdb:///db/archive',
  'artdaq_db.fcl_conf_dir': '/conf',
  'ucon_db.server_url': 'https://ucondb.example.com:9443/x/app',
  'ucon_db.folder_name': 'folder',
  'ucon_db.object_name': 'object',
  'ucon_db.writer_user': 'writer',
  'ucon_db.writer_password': 'pass',
};

/** YAML, with one line per parameter, of the required parameters and these; undefined leaves one out. */
function yaml(parameters: Record<string, string | undefined>): string {
  const sections = new Map<string, string[]>();
  for (const [name, value] of Object.entries({ ...required, ...parameters })) {
    if (value === undefined) continue;
    const [, section = '', parameter = ''] = /^(?:(.*)\.)?([^.]+)$/.exec(name) ?? [];
    sections.set(section, [...(sections.get(section) ?? []), `${parameter}: ${value}`]);
  }
  const lines = [...(sections.get('') ?? [])];
  sections.delete('');
  const nested = [...sections].filter(([section]) => section.startsWith('reporting'));
  const flat = [...sections].filter(([section]) => !section.startsWith('reporting'));
  for (const [section, members] of flat) lines.push(`${section}:`, ...members.map((member) => `  ${member}`));
  if (nested.length > 0) lines.push('reporting:');
  for (const [section, members] of nested) {
    const [, subsection] = section.split('.');
    if (subsection === undefined) lines.push(...members.map((member) => `  ${member}`));
    else lines.push(`  ${subsection}:`, ...members.map((member) => `    ${member}`));
  }
  return `${lines.join('\n')}\n`;
}

function load(parameters: Record<string, string | undefined> = {}, env: Record<string, string> = {}) {
  return parseConfig(yaml(parameters), 'c.yaml', env);
}

function config(
  parameters: Record<string, string | undefined>,
  env: Record<string, string> = {},
): ArchiverConfig {
  return load(parameters, env).config;
}

/** The problems of a configuration, without their places. */
function problems(
  parameters: Record<string, string | undefined>,
  env: Record<string, string> = {},
): string[] {
  return messageOf(() => load(parameters, env))
    .split('\n')
    .filter((line) => !/has \d+ problems/.test(line))
    .map((line) => line.replace(/^c\.yaml:\d+:\d+ /, ''));
}

function warnings(
  parameters: Record<string, string | undefined>,
  env: Record<string, string> = {},
): string[] {
  return load(parameters, env).warnings.map((line) => line.replace(/^c\.yaml:\d+:\d+ /, ''));
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return '';
}

describe('a configuration with only what is required', () => {
  it('has the defaults of the reference', () => {
    expect(load().warnings).toEqual([]);
    expect(load().config).toEqual({
      app: {
        workDir: '/tmp/run_record_archiver',
        importStateFile: '/tmp/run_record_archiver/importer_state.json',
        importFailureLog: '/tmp/run_record_archiver/import_failures.log',
        migrateStateFile: '/tmp/run_record_archiver/migrator_state.json',
        migrateFailureLog: '/tmp/run_record_archiver/migrate_failures.log',
        lockFile: '/tmp/run_record_archiver/.archiver.lock',
        batchSize: 5,
        parallelWorkers: 2,
        runProcessRetries: 2,
        retryDelaySeconds: 3,
        excludeMostRecentRun: false,
        executionLimitMinutes: 0,
        minFreeMb: 100,
        logLevel: 'INFO',
        logFormat: 'text',
        logFile: undefined,
      },
      appFuzz: {
        randomSkipPercent: 0,
        randomErrorPercent: 0,
        randomSkipRetry: false,
        randomErrorRetry: false,
        seed: undefined,
      },
      sourceFiles: { runRecordsDir: '/records', waitForStopTimeHours: 0 },
      artdaqDb: {
        databaseUri: 'filesystemdb:///db/archive',
        fclConfDir: '/conf',
        useTools: false,
        remoteHost: undefined,
        sshVerifyHost: true,
      },
      uconDb: {
        serverUrl: 'https://ucondb.example.com:9443/x/app',
        folderName: 'folder',
        objectName: 'object',
        writerUser: 'writer',
        writerPassword: 'pass',
        timeoutSeconds: 10,
        listingTimeoutSeconds: 600,
        maxListingMb: 1000,
        maxBlobMb: 600,
        maxInFlight: 2,
        tlsVerify: true,
        caFile: undefined,
        replaceIncomplete: false,
      },
      reporting: {
        repeatHours: 24,
        expectedEveryMinutes: 0,
        email: { enabled: false, smtpPort: 25, smtpUseTls: false, smtpTlsVerify: true },
        slack: { enabled: false },
      },
      carbon: { enabled: false, port: 2003 },
      metrics: {},
      healthcheck: {},
      fhiclizeGenerate: new Set(GENERATE_NAMES),
      secrets: ['pass'],
    });
  });

  it('keeps its files in work_dir, unless told otherwise', () => {
    const { app } = config({ 'app.work_dir': '/w', 'app.lock_file': '/l' });
    expect(app).toMatchObject({ migrateStateFile: '/w/migrator_state.json', lockFile: '/l' });
  });

  it('may have sections whose lines are all commented out', () => {
    expect(config({ app: '', carbon: '~', reporting: '' }).app.batchSize).toBe(5);
  });
});

describe('a value', () => {
  it.each([
    ['true', true],
    ['on', true],
    ['"True"', true],
    ['" yes "', true],
    ['"1"', true],
    ['1', true],
    ['off', false],
    ['"false"', false],
    ['"NO"', false],
    ['0', false],
    ['"${X:-false}"', false],
    ['"${T}"', true],
    ['""', false],
    ['null', false],
    ['"None"', false],
    ['"${ucon_db.tls_verify}"', true],
    ['"${app.log_file}"', false],
  ])('of a flag that is written %s is read as %j', (text, expected) => {
    const { artdaqDb } = config(
      { 'artdaq_db.use_tools': text, 'ucon_db.tls_verify': 'true', 'app.log_file': 'null' },
      { T: 'TRUE' },
    );
    expect(artdaqDb.useTools).toBe(expected);
  });

  it.each([
    ['7', 7],
    ['"7"', 7],
    ['" 7 "', 7],
    ['1_000', 1000],
    ['"1_000"', 1000],
    ['"007"', 7],
    ['5.0', 5],
    ['0x10', 16],
    ['"${N}"', 12],
    ['"${app.parallel_workers}"', 2],
  ])('of an integer that is written %s is read as %j', (text, expected) => {
    expect(config({ 'app.batch_size': text, 'app.parallel_workers': '2' }, { N: '12' }).app.batchSize).toBe(
      expected,
    );
  });

  it.each([
    'null',
    '""',
    '"${X}"',
    'ten',
    '2.5',
    '0',
    '-1',
    'true',
    '[1]',
    '.inf',
    '.nan',
    '"0x10"',
    '"1__0"',
    '1.0e+30',
  ])('of an integer from 1 up must not be written %s', (text) => {
    expect(problems({ 'app.batch_size': text })).toEqual([
      expect.stringMatching(/^app\.batch_size: not usable; found .+; allowed an integer of at least 1$/),
    ]);
  });

  it.each([
    ['2.5', 2.5],
    ['"0.25"', 0.25],
    ['1e2', 100],
    ['0', 0],
    ['.5', 0.5],
  ])('of a number that is written %s is read as %j', (text, expected) => {
    expect(config({ 'app.retry_delay_seconds': text }).app.retryDelaySeconds).toBe(expected);
  });

  it.each([
    ['app.retry_delay_seconds', '-1'],
    ['app.retry_delay_seconds', '9999999999'],
    ['ucon_db.timeout_seconds', '0'],
    ['ucon_db.timeout_seconds', 'null'],
    ['app_fuzz.random_skip_percent', '101'],
    ['app_fuzz.seed', '1.5'],
    ['carbon.port', '65536'],
    ['reporting.email.smtp_port', '0'],
    ['artdaq_db.use_tools', 'maybe'],
    ['artdaq_db.use_tools', '2'],
    ['app.work_dir', '""'],
    ['app.work_dir', '" "'],
    ['app.work_dir', 'null'],
    ['app.work_dir', '"None"'],
    ['app.log_file', '""'],
    ['app.import_state_file', '""'],
    ['ucon_db.ca_file', '""'],
    ['healthcheck.url', '""'],
    ['healthcheck.url', 'ftp://host'],
    ['source_files.run_records_dir', '""'],
    ['artdaq_db.database_uri', '""'],
    ['artdaq_db.database_uri', '/db'],
    ['artdaq_db.database_uri', 'filesystemdb://relative/path'],
    ['artdaq_db.database_uri', 'filesystemdb:///'],
    ['artdaq_db.database_uri', 'mongodb://host:27017'],
    ['artdaq_db.database_uri', 'mongodb://host:27017/'],
    ['artdaq_db.database_uri', 'null'],
    ['ucon_db.server_url', '""'],
    ['ucon_db.server_url', 'ucondb:9443/app'],
    ['ucon_db.server_url', 'https://user:pw@h/app'],
    ['ucon_db.server_url', 'https://h/app?x=1'],
    ['ucon_db.folder_name', 'on'],
    ['ucon_db.folder_name', '""'],
    ['ucon_db.writer_password', 'null'],
    ['reporting.email.recipient_email', '[a, b]'],
  ])('of %s must not be %s', (name, text) => {
    expect(problems({ [name]: text })).toEqual([expect.stringContaining(`${name}: not usable; found `)]);
  });

  it.each([
    'filesystemdb:///db/a b',
    'filesystemdb:///db/archive/',
    'filesystemdb://$HOME/db',
    'mongodb://h/db',
    'mongodb://u:p%40w@h1:27017,h2/db?replicaSet=r',
    'mongodb+srv://u:p@h/db',
  ])('of database_uri may be %s', (uri) => {
    expect(config({ 'artdaq_db.database_uri': uri }).artdaqDb.databaseUri).toBe(uri);
  });

  it('of a text parameter is what Python makes of a number', () => {
    const { uconDb } = config({
      'ucon_db.folder_name': '2.0',
      'ucon_db.object_name': '0x1F',
      'ucon_db.writer_password': '1_0',
    });
    expect(uconDb).toMatchObject({ folderName: '2.0', objectName: '31', writerPassword: '10' });
  });

  it('of log_level may have any case, and the other names of Python', () => {
    const levels = ['debug', 'Info', 'WARN', 'warning', 'error', 'fatal', 'CRITICAL'];
    expect(levels.map((level) => config({ 'app.log_level': level }).app.logLevel)).toEqual([
      ...['DEBUG', 'INFO', 'WARNING', 'WARNING', 'ERROR', 'CRITICAL', 'CRITICAL'],
    ]);
    for (const level of ['LOUD', 'null', '{a: b}']) {
      const {
        config: loaded,
        warnings: [warning],
      } = load({ 'app.log_level': level });
      expect(loaded.app.logLevel).toBe('INFO');
      expect(warning).toMatch(/app\.log_level: unknown level, INFO is used/);
    }
  });

  it('of fhiclize_generate may be a list, or a section with a list', () => {
    const names = (text: string) => [...config({ fhiclize_generate: text }).fhiclizeGenerate];
    expect(names('[boot, metadata.txt, RunHistory.fcl, boot.fcl]')).toEqual([
      'boot',
      'metadata',
      'RunHistory',
    ]);
    expect(names('{files: [ranks]}')).toEqual(['ranks']);
    expect(names('[]')).toEqual([]);
    expect(names('null')).toEqual([...GENERATE_NAMES]);
    expect(problems({ fhiclize_generate: '[boot, Boot, runhistory, 5, [x]]' })).toHaveLength(4);
    expect(problems({ fhiclize_generate: 'boot' })).toHaveLength(1);
    expect(problems({ fhiclize_generate: '{file: [boot]}' })[0]).toMatch(
      /^fhiclize_generate\.files: missing/,
    );
  });

  it('of remote_host comes from the environment if the file has none', () => {
    const env = { ARTDAQ_DATABASE_REMOTEHOST: 'far' };
    expect(config({}, env).artdaqDb.remoteHost).toBe('far');
    expect(config({ 'artdaq_db.remote_host': 'null' }, env).artdaqDb.remoteHost).toBe('far');
    expect(config({ 'artdaq_db.remote_host': 'near' }, env).artdaqDb.remoteHost).toBe('near');
  });
});

describe('problems', () => {
  it('are all named at once, each with file, line and column, what was found and what is allowed', () => {
    const text = `app:
  batch_size: ten
  paralel_workers: 3
source_files: {}
artdaq_db: [x]
ucon_db:
  server_url: "\${UCONDB}"
  folder_name: f
  object_name: o
  writer_user: u
  writer_password: p
reporting:
  slack: {enabled: "yes", channel: ""}
`;
    expect(messageOf(() => parseConfig(text, '/etc/c.yaml', {})).split('\n')).toEqual([
      '/etc/c.yaml has 6 problems:',
      '/etc/c.yaml:2:15 app.batch_size: not usable; found "ten"; allowed an integer of at least 1',
      '/etc/c.yaml:4:15 source_files.run_records_dir: missing; found nothing; allowed a path',
      '/etc/c.yaml:5:12 artdaq_db: not usable; found a list of 1; allowed a section (lines `parameter: value` below it)',
      '/etc/c.yaml:7:15 ucon_db.server_url: not usable; found an empty text (the environment variable UCONDB is not set); allowed an http or https URL that ends in /app, without user, query and fragment',
      '/etc/c.yaml:13:10 reporting.slack.bot_token: missing; found nothing; allowed a text, because reporting.slack.enabled is true',
      '/etc/c.yaml:13:36 reporting.slack.channel: not usable; found an empty text; allowed a text, because reporting.slack.enabled is true',
      '/etc/c.yaml:3:20 app.paralel_workers: unknown parameter, it has no effect; did you mean app.parallel_workers?',
    ]);
  });

  it.each([
    ['reporting.email', ['recipient_email', 'sender_email', 'smtp_host']],
    ['reporting.slack', ['bot_token', 'channel']],
    ['carbon', ['host', 'metric_prefix']],
  ])('name what %s needs once it is enabled', (section, names) => {
    expect(problems({ [`${section}.enabled`]: 'true' })).toEqual(
      names.map((name) => expect.stringContaining(`${section}.${name}: missing`)),
    );
    const given = Object.fromEntries(names.map((name) => [`${section}.${name}`, 'x']));
    expect(load({ [`${section}.enabled`]: '"on"', ...given }).warnings).toEqual([]);
  });

  it('name a circle of references once, and say nothing else of its parameters', () => {
    const circle = {
      'app.work_dir': '${app.lock_file}',
      'app.lock_file': '${work_dir}/x',
      'app.batch_size': '${batch_size}',
    };
    expect(problems(circle)).toEqual([
      'app.work_dir: the references form a circle: app.work_dir -> app.lock_file -> app.work_dir',
      'app.batch_size: the references form a circle: app.batch_size -> app.batch_size',
    ]);
  });

  it('never show a secret', () => {
    const shown = [
      ...problems({
        'ucon_db.writer_password': '[hunter2]',
        'ucon_db.server_url': 'https://u:hunter2@h/app',
      }),
      ...problems({ 'artdaq_db.database_uri': 'mongodb://u:hunter2@h' }),
      ...problems({ 'artdaq_db.database_uri': 'u:hunter2@h/db' }),
      ...problems({ 'artdaq_db.database_uri': 'mongodb://h?password=hunter2' }),
      ...problems({ 'healthcheck.url': 'hunter2' }),
      ...problems({
        'reporting.slack.bot_token': '{hunter2: 1}',
        'reporting.email.smtp_password': '[hunter2]',
      }),
      ...problems({ 'app.batch_size': '"${PW}"' }, { PW: 'mongodb://u:hunter2@h/db' }),
      ...warnings({ 'ucon_db.writer_password': '"x${hunter2}"' }),
      ...warnings({ 'artdaq_db.database_uri': '"mongodb://u:${hunter2}@h/db"' }),
    ];
    expect(shown.length).toBeGreaterThan(9);
    expect(shown.join('\n')).not.toContain('hunter2');
    expect(shown.join('\n')).toContain('found a text of 21 characters (not shown)');
  });
});

describe('warnings', () => {
  it.each([
    ['app.bach_size', 'app.batch_size'],
    ['artdaq_db.batch_size', 'app.batch_size'],
    ['ucon_db.timeout', undefined],
    ['ucon_db.timeout_second', 'ucon_db.timeout_seconds'],
    ['reporting.email.smtp_pasword', 'reporting.email.smtp_password'],
    ['app.zzz', undefined],
  ])('name %s, which has no effect', (name, meant) => {
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    expect(warnings({ [name]: '1' })).toEqual([`${name}: unknown parameter, it has no effect${hint}`]);
  });

  it('name sections that have no effect', () => {
    expect(warnings({ 'carbn.enabled': 'true', whatever: '1' })).toEqual([
      'whatever: unknown section, it has no effect',
      'carbn: unknown section, it has no effect; did you mean carbon?',
    ]);
  });

  it.each([
    ['3.10', '3.1'],
    ['2024_10', '202410'],
    ['0x10', '16'],
    ['+5', '5'],
    ['007', '7'],
    ['12:30', '750'],
    ['1.0e+3', '1000.0'],
    ['.5', '0.5'],
  ])('show a text parameter that is written %s and read as %s', (written, read) => {
    for (const parameter of ['ucon_db.object_name', 'app.work_dir', 'carbon.metric_prefix'])
      expect(warnings({ [parameter]: written })).toEqual([
        `${parameter}: written ${written}, YAML reads the number ${read}; put it in quotes`,
      ]);
    expect(warnings({ 'ucon_db.object_name': `"${written}"` })).toEqual([]);
  });

  it('neither show a secret that YAML changes, nor mind how a number is written', () => {
    expect(warnings({ 'ucon_db.writer_password': '0x7f3' })).toEqual([
      'ucon_db.writer_password: written without quotes, it is a number for YAML, which changes it; put it in quotes',
    ]);
    expect(warnings({ 'app.batch_size': '+1_0', 'ucon_db.timeout_seconds': '3.10' })).toEqual([]);
    expect(warnings({ 'app.batch_size': '010' })).toEqual([expect.stringContaining('octal')]);
    for (const same of ['5', '1e3', '2024-10-24', '2.0'])
      expect(warnings({ 'ucon_db.object_name': same })).toEqual([]);
  });

  it('name references to nothing and variables that are not set', () => {
    expect(warnings({ 'app.log_file': '${work_dirr}/log', 'app.work_dir': '${ROOT}/w' })).toEqual([
      'app.log_file: the reference ${work_dirr} names nothing known and stays as written',
      'app.work_dir: the environment variable ROOT is not set, so nothing stands in its place',
    ]);
    expect(warnings({ 'app_fuzz.random_skip_retry': '${UNSET}' })).toEqual([
      'app_fuzz.random_skip_retry: empty, as the environment variable UNSET is not set',
    ]);
    expect(warnings({ 'reporting.email.smtp_user': '"${UNSET:-}"' })).toEqual([]);
  });

  it('name what is unsafe or hardly meant', () => {
    expect(warnings({ 'ucon_db.tls_verify': 'no' })).toEqual([
      expect.stringMatching(/^ucon_db\.tls_verify: false: /),
    ]);
    expect(warnings({ 'carbon.metric_prefix': 'a b' })).toEqual([
      'carbon.metric_prefix: blanks end a name for Carbon; _ stands for them',
    ]);
    expect(warnings({ 'carbon.metric_prefix': '" a.b "', 'metrics.textfile': '/m/archiver.prom' })).toEqual(
      [],
    );
    expect(warnings({ 'metrics.textfile': '' })).toEqual([]);
    expect(warnings({ 'metrics.textfile': '/m/archiver.txt' })).toEqual([
      expect.stringMatching(/^metrics\.textfile: does not end in \.prom;/),
    ]);
    expect(warnings({ 'ucon_db.server_url': 'http://h/x' })).toEqual([
      expect.stringContaining('does not end in /app'),
    ]);
    expect(warnings({ 'ucon_db.writer_password': '"${PW}"' })).toEqual([
      'ucon_db.writer_password: empty; UconDB will refuse to store anything (the environment variable PW is not set)',
    ]);
    expect(warnings({ 'artdaq_db.remote_host': 'far' })).toEqual([
      expect.stringContaining('remote_host: no effect'),
    ]);
    expect(warnings({ 'artdaq_db.remote_host': '"None"' })).toEqual([]);
    expect(warnings({ 'artdaq_db.ssh_verify_host': 'no' })).toEqual([]);
    expect(warnings({ 'artdaq_db.ssh_verify_host': 'no', 'artdaq_db.use_tools': 'yes' })).toEqual([
      expect.stringMatching(/^artdaq_db\.ssh_verify_host: false: /),
    ]);
  });
});

describe('email settings directly under reporting', () => {
  const flat = {
    'reporting.send_email_on_error': '"true"',
    'reporting.recipient_email': 'r@x',
    'reporting.sender_email': 's@x',
    'reporting.smtp_host': 'h',
    'reporting.smtp_password': 'secret',
  };

  it('still work, with a warning and their own defaults', () => {
    const { config: loaded, warnings: found } = load(flat);
    expect(loaded.reporting.email).toMatchObject({
      enabled: true,
      recipientEmail: 'r@x',
      senderEmail: 's@x',
      smtpHost: 'h',
      smtpPort: 587,
      smtpUseTls: true,
      smtpPassword: 'secret',
    });
    expect(loaded.secrets).toContain('secret');
    expect(found).toEqual([
      expect.stringMatching(/reporting\.send_email_on_error: .*deprecated; move them .*as enabled/),
    ]);
  });

  it('have no effect beside reporting.email, and without send_email_on_error', () => {
    const modern = load({ ...flat, 'reporting.email.smtp_host': 'modern' });
    expect(modern.config.reporting.email).toMatchObject({ enabled: false, smtpHost: 'modern', smtpPort: 25 });
    expect(modern.warnings).toEqual([expect.stringContaining('no effect here')]);
    const without = load({ ...flat, 'reporting.send_email_on_error': undefined });
    expect(without.config.reporting.email.smtpHost).toBeUndefined();
    expect(without.warnings).toEqual([expect.stringContaining('no effect here')]);
  });

  it('have their problems reported where they are written', () => {
    expect(problems({ ...flat, 'reporting.smtp_port': 'x', 'reporting.smtp_host': '""' })).toEqual([
      'reporting.smtp_port: not usable; found "x"; allowed an integer from 1 to 65535',
      expect.stringMatching(/^reporting\.smtp_host: not usable; found an empty text/),
    ]);
  });
});

describe('secrets', () => {
  it('are all values that must not be shown', () => {
    const { secrets } = config({
      'artdaq_db.database_uri': 'mongodb://user:p%40ss@h/db',
      'reporting.slack.bot_token': 'xoxb',
      'healthcheck.url': 'https://hc.example.com/uuid',
    });
    expect(secrets).toEqual(['user:p%40ss', 'p%40ss', 'p@ss', 'pass', 'xoxb', 'https://hc.example.com/uuid']);
  });
});

describe('the file', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'config-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('may begin with a byte order mark', async () => {
    const file = join(directory, 'c.yaml');
    await writeFile(file, `\uFEFF${yaml({})}`);
    expect((await loadConfig(file, {})).config.uconDb.folderName).toBe('folder');
  });

  it('must exist, be a file and be UTF-8', async () => {
    await expect(loadConfig(join(directory, 'none.yaml'), {})).rejects.toThrow(
      /none\.yaml' can't be read: it does not exist/,
    );
    await expect(loadConfig(directory, {})).rejects.toThrow(/it is a directory/);
    const file = join(directory, 'latin1.yaml');
    await writeFile(file, Buffer.from('app:\n  work_dir: /caf\xe9\n', 'latin1'));
    await expect(loadConfig(file, {})).rejects.toThrow(/latin1\.yaml:2: not UTF-8/);
    await writeFile(file, '');
    await expect(loadConfig(file, {})).rejects.toThrow(/latin1\.yaml is empty/);
  });
});
