import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentOwner } from '../../../src/lock/owner.ts';
import { acquireProcessLock } from '../../../src/lock/process-lock.ts';
import { startUconDbServer, type UconDbServer } from '../../../tools/ucondb-server/server.ts';
import { CheckedSite, type CheckReport } from '../../helpers/checked-site.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { ForwardProxy } from '../../helpers/forward-proxy.ts';
import { account } from '../../helpers/site.ts';
import type { SlackAnswer } from '../../helpers/slack-server.ts';
import { MailServer } from '../../helpers/smtp-server.ts';

let place: CheckedSite;

beforeEach(async () => {
  place = await CheckedSite.start();
});

afterEach(async () => {
  await place.stop();
});

/** Exactly this check must have failed, saying that; all others be well. */
function expectOnly({ usable, checks, lines }: CheckReport, name: string, says: RegExp): void {
  expect(checks.filter(({ state }) => state !== 'ok').map((check) => [check.name, check.state])).toEqual([
    [name, 'failed'],
  ]);
  expect(checks.find((check) => check.name === name)?.text).toMatch(says);
  expect(usable).toBe(false);
  expect(lines.filter((line) => line.startsWith('ERROR ✗ '))).toHaveLength(1);
}

const inWork = (name: string) => join(place.site.work, name);
const inSite = (name: string) => join(place.site.directory, name);

/** The directories of an empty database. */
function makeDatabase(): void {
  for (const name of ['RunHistory', 'SystemLayout', 'SystemMetadata']) {
    mkdirSync(join(place.site.database, name), { recursive: true });
  }
}

describe('the check of a site', () => {
  it('finds nothing wrong where all is well, and leaves everything as it was', async () => {
    const before = place.tree();
    const { usable, checks, lines } = await place.check();
    expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(usable).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual([
      'program',
      'configuration',
      'work_dir',
      'lock_file',
      'import_state_file',
      'import_failure_log',
      'import_seen_runs',
      'import_waiting_runs',
      'migrate_state_file',
      'migrate_failure_log',
      'migrate_seen_runs',
      'migrate_waiting_runs',
      'uncompared_runs',
      'given_up_runs',
      'log_file',
      'run_records_dir',
      'fcl_conf_dir',
      'artdaq_db',
      'artdaq_db_tools',
      'ucon_db',
      'email',
      'slack',
      'carbon',
      'metrics_textfile',
      'healthcheck',
    ]);
    expect(lines[2]).toMatch(/^INFO ✓ work_dir \/.*: writable, .* free \(\d+ ms\)$/);
    expect(lines.join('\n')).not.toMatch(/secret-part|only-in-tests/);
    expect(place.tree()).toEqual(before);
    expect(await (await fetch(`${place.ucondb.url}/objects?folder=${account.folder}`)).json()).toEqual([]);
    expect(place.mail.mails).toEqual([]);
    expect(place.slack.posted.map(({ path }) => path)).toEqual(['/api/auth.test']);
    expect(place.carbon.lines).toEqual([]);
  });

  it('finds nothing wrong before anything was made', async () => {
    rmSync(place.site.work, { recursive: true });
    const before = place.tree();
    const { usable, checks } = await place.check({ app: { log_file: inSite('logs/deep/archiver.log') } });
    expect(usable).toBe(true);
    const text = (name: string) => checks.find((check) => check.name === name)?.text;
    expect(text('work_dir')).toMatch(/^will be made/);
    expect(text('log_file')).toBe('will be made');
    expect(text('artdaq_db')).toMatch(/^will be made by the first run/);
    expect(text('ucon_db')).toMatch(/object runs will be made by the first run/);
    expect(place.tree()).toEqual(before);
  });

  it.each<[string, boolean]>([
    ['is at work', true],
    ['was killed', false],
  ])('names an archiver that %s, and leaves its lock alone', async (_what, alive) => {
    const own = currentOwner();
    const owner = alive ? own : { ...own, startTicks: '1' };
    const lost: string[] = [];
    const { lockFile } = place.site;
    const lock = await acquireProcessLock(lockFile, { owner, onLost: (reason) => lost.push(reason) });
    try {
      const before = place.tree();
      const { usable, checks } = await place.check();
      expect(usable).toBe(true);
      expect(checks.find(({ name }) => name === 'lock_file')).toMatchObject({
        state: 'ok',
        text: expect.stringMatching(
          alive
            ? /^held by process \d+ on .*: an archiver is at work$/
            : /which has ended; the next execution clears it/,
        ),
      });
      expect(place.tree()).toEqual(before);
      expect(lost).toEqual([]);
    } finally {
      await lock.release();
    }
  });

  it('warns of what is doubtful in the configuration file', async () => {
    const { usable, checks } = await place.check({
      app: { unknown_thing: 1 },
      ucon_db: { tls_verify: false },
    });
    expect(usable).toBe(true);
    expect(checks.filter(({ state }) => state === 'warning').map(({ name, text }) => [name, text])).toEqual([
      ['configuration', expect.stringContaining('unknown_thing')],
      ['ucon_db', expect.stringContaining('certificate is not checked')],
    ]);
  });
});

describe('only the check of the file in question fails', () => {
  it('if a file stands where the work directory should be', async () => {
    rmSync(place.site.work, { recursive: true });
    writeFileSync(place.site.work, 'in the way');
    expectOnly(await place.check(), 'work_dir', /app\.work_dir .*work is not a directory; move it away/);
    expect(readFileSync(place.site.work, 'utf8')).toBe('in the way');
  });

  it.each([
    ['importer_state.json', 'import_state_file', /can't be understood.*--recover-import-state/],
    ['migrator_state.json', 'migrate_state_file', /can't be understood.*--recover-migrate-state/],
    ['importer_seen.json', 'import_seen_runs', /can't be understood.*Restore it from a backup/],
    ['uncompared_runs.json', 'uncompared_runs', /can't be understood.*--recover-migrate-state/],
    ['given_up_runs.json', 'given_up_runs', /can't be understood.*moved away/],
    ['import_waiting.json', 'import_waiting_runs', /can't be understood.*--recover-import-state/],
    ['migrator_seen.json', 'migrate_seen_runs', /can't be understood/],
  ])('if %s is torn, of which not even a copy is made', async (file, name, says) => {
    writeFileSync(inWork(file), '{"last_contiguous_run": 12');
    const before = place.tree();
    expectOnly(await place.check(), name, says);
    expect(place.tree()).toEqual(before);
  });

  it('unless only the reasons for failures can not be read, which is a warning', async () => {
    writeFileSync(inWork('import_failures.log'), '5\n');
    writeFileSync(inWork('import_failure_reasons.json'), '{torn');
    const before = place.tree();
    const { usable, checks } = await place.check();
    expect(usable).toBe(true);
    expect(checks.filter(({ state }) => state !== 'ok')).toEqual([
      expect.objectContaining({
        name: 'import_failure_log',
        state: 'warning',
        text: expect.stringMatching(/^1 failed runs.*import_failure_reasons\.json can't be understood/),
      }),
    ]);
    expect(place.tree()).toEqual(before);
  });

  it('if a directory stands where a failure log should be', async () => {
    mkdirSync(inWork('migrate_failures.log'));
    expectOnly(await place.check(), 'migrate_failure_log', /is no file; name another one/);
  });

  it.each([
    ['/dev/null', 'ok'],
    ['.', 'failed'],
  ])('for the log file %s: its check is %s', async (log_file, state) => {
    const { checks } = await place.check({ app: { log_file: resolve(log_file) } });
    expect(checks.find(({ name }) => name === 'log_file')).toMatchObject({ state });
  });

  it.each([
    ['app.log_file', { log_file: 'taken/archiver.log' }, 'log_file'],
    ['app.lock_file', { lock_file: 'taken/lock' }, 'lock_file'],
    ['app.import_state_file', { import_state_file: 'taken/state' }, 'import_state_file'],
  ])('if the path of %s leads through a file', async (parameter, wrong, name) => {
    writeFileSync(inSite('taken'), '');
    const app = Object.fromEntries(Object.entries(wrong).map(([key, path]) => [key, inSite(path)]));
    const report = await place.check({ app });
    const failed = report.checks.filter(({ state }) => state === 'failed');
    expect(failed.map((check) => check.text).join()).toMatch(/taken is not a directory/);
    expect(failed.map((check) => check.subject)).toEqual([expect.stringContaining(`${name} `)]);
    expect(parameter).toContain(name);
  });
});

describe('only the check of the run records or the schema fails', () => {
  it('if the run records are missing', async () => {
    rmSync(place.site.runRecords, { recursive: true });
    expectOnly(await place.check(), 'run_records_dir', /ENOENT.*check source_files\.run_records_dir/);
  });

  it.each<[string, () => void, RegExp]>([
    ['missing', () => rmSync(inSite('conf/schema.fcl')), /must hold a valid schema\.fcl.*ENOENT/],
    [
      'not FHiCL',
      () => writeFileSync(inSite('conf/schema.fcl'), 'a: [ 1,\n'),
      /schema\.fcl.*line 2|schema\.fcl:2/,
    ],
  ])('if schema.fcl is %s', async (_what, damage, says) => {
    damage();
    expectOnly(await place.check(), 'fcl_conf_dir', says);
  });
});

describe('only the check of a FilesystemDB fails', () => {
  it('if a file stands where its directory should be', async () => {
    writeFileSync(inSite('artdaqdb'), '');
    expectOnly(await place.check(), 'artdaq_db', /database_uri .*artdaqdb is not a directory/);
  });

  it('if a file stands where a collection should be', async () => {
    makeDatabase();
    rmSync(join(place.site.database, 'RunHistory'), { recursive: true });
    writeFileSync(join(place.site.database, 'RunHistory'), '');
    expectOnly(await place.check(), 'artdaq_db', /RunHistory is not a directory/);
  });

  it.each(['RunHistory', 'SystemLayout'])('if the index of %s is torn', async (collection) => {
    makeDatabase();
    writeFileSync(join(place.site.database, collection, 'index.json'), '{ "a" : [');
    expectOnly(
      await place.check(),
      'artdaq_db',
      new RegExp(`${collection}/index\\.json is not a readable index`),
    );
  });

  it('if the C++ tools would misread its path', async () => {
    const report = await place.check({ artdaq_db: { database_uri: `filesystemdb://${inSite('a b')}` } });
    expectOnly(report, 'artdaq_db', /path holds a blank/);
  });
});

describe('only the check of the tools fails', () => {
  it('if a program is missing', async () => {
    rmSync(join(place.tools, 'bulkdownloader'));
    expectOnly(
      await place.check({}, { PATH: place.tools }),
      'artdaq_db_tools',
      /program bulkdownloader was not found in .*Put it/,
    );
  });

  it('if a library is missing', async () => {
    const says =
      'bulkloader: error while loading shared libraries: libboost.so: cannot open shared object file';
    place.writeTool('bulkloader', `echo "${says}" >&2; exit 127`);
    expectOnly(
      await place.check(),
      'artdaq_db_tools',
      /shared library.*lib\/.*LD_LIBRARY_PATH.*libboost\.so/s,
    );
  });

  it('if a program crashes', async () => {
    place.writeTool('bulkdownloader', 'kill -s SEGV $$');
    expectOnly(await place.check(), 'artdaq_db_tools', /bulkdownloader.*SIGSEGV: it crashed/);
  });

  it('if ssh must not be given the host', async () => {
    const report = await place.check({ artdaq_db: { remote_host: '-oProxyCommand=x' } });
    expectOnly(report, 'artdaq_db_tools', /remote_host .* can't be used/);
  });
});

describe('only the check of UconDB fails', () => {
  const asLocal = (change: (url: URL) => void) => {
    const url = new URL(place.ucondb.url);
    change(url);
    return url.href;
  };

  it('if the server is down', async () => {
    const port = await closedPort();
    const report = await place.check({ ucon_db: { server_url: `http://127.0.0.1:${port}/app` } });
    expectOnly(
      report,
      'ucon_db',
      /ECONNREFUSED.*check that ucon_db\.server_url is right and the server is up/,
    );
  });

  it('if the prefix is wrong', async () => {
    const server_url = asLocal((url) => {
      url.pathname = '/other/app';
    });
    expectOnly(await place.check({ ucon_db: { server_url } }), 'ucon_db', /no UconDB under this prefix/);
  });

  it('if the host is not known', async () => {
    const report = await place.check({ ucon_db: { server_url: 'http://no-such-host.invalid/app' } });
    expectOnly(report, 'ucon_db', /no-such-host\.invalid is not known.*check ucon_db\.server_url/);
  });

  it('if the folder is wrong', async () => {
    const report = await place.check({ ucon_db: { folder_name: 'elsewhere' } });
    expectOnly(report, 'ucon_db', /check ucon_db\.folder_name \('elsewhere'\)/);
  });

  it.each([
    ['password', { writer_password: 'wrong-one' }],
    ['user', { writer_user: 'stranger' }],
  ])('if the %s is wrong', async (_what, ucon_db) => {
    const report = await place.check({ ucon_db });
    expectOnly(report, 'ucon_db', /401.*check ucon_db\.writer_user, ucon_db\.writer_password/);
    expect(JSON.stringify(report)).not.toContain('wrong-one');
  });

  it('if the file of certificates is missing', async () => {
    const report = await place.check({ ucon_db: { ca_file: inSite('no.pem') } });
    expectOnly(report, 'ucon_db', /ucon_db\.ca_file: can't read .*no\.pem/);
  });

  describe('behind a proxy', () => {
    let proxy: ForwardProxy;

    beforeEach(async () => {
      proxy = await ForwardProxy.start();
    });

    afterEach(() => proxy.stop());

    const healthcheck = { url: 'http://127.0.0.1:9/ping' };

    it('unless the proxy works, which is named then', async () => {
      const report = await place.check({ healthcheck }, { http_proxy: proxy.url });
      const textOf = (name: string) => report.checks.find((check) => check.name === name)?.text;
      expect(report.checks.filter(({ state }) => state !== 'ok')).toEqual([]);
      expect(textOf('ucon_db')).toContain(
        `(through the proxy ${proxy.url} (http_proxy)): archiver may write`,
      );
      expect(textOf('healthcheck')).toContain(`the proxy ${proxy.url} (http_proxy) is in between`);
    });

    it('if the proxy wants a login', async () => {
      proxy.login = 'me:secret';
      const report = await place.check({}, { http_proxy: proxy.url, NO_PROXY: '' });
      const found = report.checks.find((check) => check.name === 'ucon_db');
      expect(found).toMatchObject({
        state: 'failed',
        text: expect.stringMatching(/set http_proxy to http:/),
      });
    });

    it("if the proxy's name is not known", async () => {
      const report = await place.check({}, { http_proxy: 'http://no-such-host.invalid:3128' });
      const found = report.checks.find((check) => check.name === 'ucon_db');
      expect(found?.text).toMatch(
        /no-such-host\.invalid is not known.*check http_proxy and the name servers/,
      );
    });

    it('if the address is not that of a HTTP proxy', async () => {
      const report = await place.check({ healthcheck }, { all_proxy: 'socks5://127.0.0.1:9' });
      for (const name of ['ucon_db', 'healthcheck']) {
        const found = report.checks.find((check) => check.name === name);
        expect(found).toMatchObject({
          state: 'failed',
          text: expect.stringContaining('all_proxy must name a HTTP proxy'),
        });
      }
    });
  });

  describe('with TLS', () => {
    const fixture = (name: string) => join(import.meta.dirname, '../../fixtures/tls', name);
    let server: UconDbServer;

    beforeEach(async () => {
      server = await startUconDbServer({
        data: inSite('tls-ucondb'),
        folders: [account.folder],
        user: account.user,
        password: account.password,
        tls: { cert: fixture('cert.pem'), key: fixture('key.pem') },
      });
    });

    afterEach(() => server.close());

    it('if the certificate is not trusted', async () => {
      const report = await place.check({ ucon_db: { server_url: server.url } });
      expectOnly(report, 'ucon_db', /certificate is not trusted; give its authority in ucon_db\.ca_file/);
    });

    it('unless the authority is named', async () => {
      const report = await place.check({
        ucon_db: { server_url: server.url, ca_file: fixture('cert.pem') },
      });
      expect(report.usable).toBe(true);
    });
  });
});

describe('only the check of email fails', () => {
  const login = { user: 'mailer', password: 'open-sesame' };
  const servers: MailServer[] = [];

  async function mailServer(options: Parameters<typeof MailServer.start>[0]): Promise<MailServer> {
    const server = await MailServer.start(options);
    servers.push(server);
    return server;
  }

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  const check = (email: object) => place.check({ reporting: { email } });

  it('if the port is closed', async () => {
    const report = await check({ smtp_port: await closedPort() });
    expectOnly(report, 'email', /does not let us send: .*ECONNREFUSED.*Check reporting\.email\.smtp_host/);
  });

  it('if the server has no STARTTLS', async () => {
    const { port } = await mailServer({ tls: false });
    expectOnly(
      await check({ smtp_port: port, smtp_use_tls: true, smtp_tls_verify: false }),
      'email',
      /Check reporting\.email\.smtp_port and smtp_use_tls/,
    );
  });

  it('if the certificate is not trusted', async () => {
    const report = await check({ smtp_use_tls: true });
    expectOnly(report, 'email', /self-signed certificate.*NODE_EXTRA_CA_CERTS.*smtp_tls_verify/);
  });

  it('if the login is refused', async () => {
    const server = await mailServer({ login });
    const wrong = { smtp_user: login.user, smtp_password: 'shut-sesame' };
    const report = await check({ smtp_port: server.port, ...wrong });
    expectOnly(report, 'email', /Check reporting\.email\.smtp_user and smtp_password/);
    expect(JSON.stringify(report)).not.toContain('shut-sesame');
    const right = { smtp_user: login.user, smtp_password: login.password };
    const good = await check({
      smtp_port: server.port,
      ...right,
      smtp_use_tls: true,
      smtp_tls_verify: false,
    });
    expect(good.checks.find(({ name }) => name === 'email')).toMatchObject({
      state: 'ok',
      text: 'answers, with STARTTLS, logged in',
    });
    expect(server.mails).toEqual([]);
  });
});

describe('only the check of Slack fails', () => {
  const slack = (parameters: object) => place.check({ reporting: { slack: parameters } });

  it('if the token is not valid', async () => {
    place.slack.answers.set('auth.test', { kind: 'error', error: 'invalid_auth' });
    expectOnly(await slack({}), 'slack', /does not accept the token: invalid_auth.*bot_token/);
  });

  it.each<[SlackAnswer, RegExp]>([
    [{ kind: 'error', error: 'ratelimited' }, /could not be asked about the token: ratelimited/],
    [{ kind: 'rate-limited', retryAfter: '7' }, /could not be asked about the token: .*for 7 s/],
    [{ kind: 'raw', status: 502, body: '' }, /could not be asked about the token: HTTP status 502/],
  ])('if the answer is not about the token: %j', async (answer, says) => {
    place.slack.answers.set('auth.test', answer);
    const report = await slack({});
    expectOnly(report, 'slack', says);
    expect(JSON.stringify(report)).not.toMatch(/does not accept|reaches Slack/);
  });

  it('if there can be no such channel', async () => {
    expectOnly(
      await slack({ channel: 'Run Operations' }),
      'slack',
      /reporting\.slack\.channel 'Run Operations'/,
    );
  });

  it.each<[string, SlackAnswer, RegExp]>([
    [
      'unknown',
      { kind: 'error', error: 'channel_not_found' },
      /channel_not_found.*Check reporting\.slack\.channel/,
    ],
    ['archived', { kind: 'ok', body: { channel: { is_archived: true } } }, /is archived/],
  ])('if the channel is %s', async (_what, answer, says) => {
    place.slack.answers.set('conversations.info', answer);
    expectOnly(await slack({ channel: 'C0123456789' }), 'slack', says);
  });

  it.each<[string, SlackAnswer, string]>([
    ['lacks the app, which is doubtful', { kind: 'ok', body: { channel: { is_member: false } } }, 'warning'],
    ['may not be looked up', { kind: 'error', error: 'missing_scope' }, 'ok'],
  ])('unless the channel %s', async (_what, answer, state) => {
    place.slack.answers.set('conversations.info', answer);
    const report = await slack({ channel: 'C0123456789' });
    expect(report.checks.filter((check) => check.name === 'slack')).toEqual([
      expect.objectContaining({ state }),
    ]);
    expect(report.usable).toBe(true);
  });
});

describe('only the check of metrics fails', () => {
  it('if Carbon refuses connections', async () => {
    const report = await place.check({ carbon: { port: await closedPort() } });
    expectOnly(report, 'carbon', /ECONNREFUSED.*check carbon\.host and carbon\.port/);
  });

  it('if the directory is missing', async () => {
    rmSync(place.metrics, { recursive: true });
    expectOnly(await place.check(), 'metrics_textfile', /the directory .*metrics is missing; make it/);
  });

  it('if the file belongs to another program', async () => {
    writeFileSync(join(place.metrics, 'archiver.prom'), 'up 1\n');
    expectOnly(await place.check(), 'metrics_textfile', /something other than metrics of this program/);
  });
});
