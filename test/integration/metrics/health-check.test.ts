import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/environment.ts';
import { HealthCheck } from '../../../src/metrics/health-check.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { ForwardProxy } from '../../helpers/forward-proxy.ts';
import { type PingAnswer, PingServer } from '../../helpers/ping-server.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

let server: PingServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const key = 'a3f1-key';

function certificate(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url));
}

async function listen(answer?: (target: string) => PingAnswer): Promise<PingServer> {
  server = await PingServer.start(answer);
  return server;
}

function checkOf(url: string, timeoutMs = 10_000, env: Environment = {}) {
  const logger = recordingLogger();
  const redact = (text: string) => text.replaceAll('hunter2', '***');
  const check = new HealthCheck({ url, env, logger, redact, timeoutMs });
  return { check, lines: logger.lines };
}

const importEnded = {
  stage: 'import',
  successful: [1, 2],
  failed: [],
  waiting: [],
  allWaiting: [],
  error: undefined,
  brokenPlace: undefined,
} as const;

describe('the health check', () => {
  it.each([
    ['success', ['/ping/a3f1-key/start?rid=1', '/ping/a3f1-key?rid=1']],
    ['failure', ['/ping/a3f1-key/start?rid=1', '/ping/a3f1-key/fail?rid=1']],
    ['stopped', ['/ping/a3f1-key/start?rid=1']],
  ] as const)('is pinged at the start and on %s', async (end, targets) => {
    const { origin } = await listen();
    const { check, lines } = checkOf(`${origin}/ping/${key}?rid=1`);
    check.begin('pipeline');
    await check.close(end);
    expect(server?.targets).toEqual(targets);
    expect(lines).toEqual([]);
  });

  it('is told how the stages ended, without secrets', async () => {
    const { origin } = await listen();
    const { check } = checkOf(`${origin}/x`);
    check.begin('pipeline');
    const failed = Array.from({ length: 25 }, (_, run) => ({ run, error: 'broken' }));
    await check.stageEnded({ ...importEnded, failed });
    await check.stageEnded({
      stage: 'migrate',
      successful: [],
      failed: [],
      waiting: [],
      allWaiting: [],
      brokenPlace: undefined,
      error: 'login with hunter2 refused',
    });
    await check.close('failure');
    const runs = Array.from({ length: 20 }, (_, run) => run).join(', ');
    expect(server?.pings[0]?.body).toMatch(/^pipeline on \S+\n$/);
    expect(server?.pings[1]?.body).toBe(
      `import: 2 successful, 25 failed: ${runs} and more\nmigrate: login with *** refused\n`,
    );
  });

  it('is logged in to as the user that the address names', async () => {
    const { origin } = await listen();
    const { check } = checkOf(`${origin.replace('//', '//me:p%40ss@')}/x`);
    check.begin('pipeline');
    await check.close('success');
    const expected = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(server?.pings.map(({ authorization }) => authorization)).toEqual([expected, expected]);
  });

  it('is told of an error that ended an execution, even before it began to archive', async () => {
    const { origin } = await listen();
    const { check } = checkOf(`${origin}/x`);
    await check.executionEnded('the lock /w/.lock can not be taken with hunter2');
    await check.close('failure');
    expect(server?.pings).toMatchObject([
      { target: '/x/fail', body: 'the lock /w/.lock can not be taken with ***\n' },
    ]);
  });

  it('is not pinged by modes that archive no runs', async () => {
    const { origin } = await listen();
    const { check } = checkOf(`${origin}/x`);
    await check.close('success');
    expect(server?.pings).toEqual([]);
  });

  describe('is reported once as broken, without its address,', () => {
    async function expectOneWarning(url: string, reason: RegExp, timeoutMs?: number): Promise<void> {
      const { check, lines } = checkOf(url, timeoutMs);
      check.begin('pipeline');
      await check.stageEnded(importEnded);
      await check.close('success');
      const warnings = lines.filter((line) => line.startsWith('WARNING'));
      expect(warnings).toEqual([expect.stringMatching(reason)]);
      expect(lines.join()).not.toContain(key);
    }

    it.each([
      [404, /HTTP status 404/],
      [500, /HTTP status 500/],
      [302, /HTTP status 302/],
      ['hang', /no answer in time/],
    ] as const)('if it answers with %s', async (answer, reason) => {
      const { origin } = await listen(() => answer);
      await expectOneWarning(`${origin}/${key}?k=${key}`, reason, answer === 'hang' ? 300 : undefined);
    });

    it('if nobody listens', async () => {
      await expectOneWarning(`http://127.0.0.1:${await closedPort()}/${key}`, /ECONNREFUSED/);
    });

    it('if the user in it is malformed', async () => {
      await expectOneWarning(`http://u:%zz@127.0.0.1:${await closedPort()}/${key}`, /malformed|ECONN/);
    });
  });

  it('is told of the end even if the start got no answer', async () => {
    const { origin } = await listen((target) => (target.endsWith('/start') ? 'hang' : 200));
    const { check } = checkOf(`${origin}/x`, 300);
    check.begin('pipeline');
    await check.close('success');
    expect(server?.targets).toEqual(['/x/start', '/x']);
  });
});

describe('a health check behind a proxy', () => {
  let proxy: ForwardProxy;
  beforeEach(async () => {
    proxy = await ForwardProxy.start();
  });
  afterEach(() => proxy.stop());

  async function pingThrough(url: string, env: Environment, timeoutMs?: number): Promise<string[]> {
    const { check, lines } = checkOf(url, timeoutMs, env);
    check.begin('pipeline');
    await check.close('success');
    return lines;
  }

  it('gets pings with the login of the proxy and its own', async () => {
    const { origin } = await listen();
    proxy.login = 'me:secret';
    const http_proxy = proxy.url.replace('//', '//me:secret@');
    expect(
      await pingThrough(`${origin.replace('//', '//you:other@')}/ping/${key}?rid=1`, { http_proxy }),
    ).toEqual([]);
    expect(server?.targets).toEqual(['/ping/a3f1-key/start?rid=1', '/ping/a3f1-key?rid=1']);
    expect(server?.pings[1]).toMatchObject({
      method: 'POST',
      body: 'success\n',
      authorization: `Basic ${Buffer.from('you:other').toString('base64')}`,
    });
    expect(proxy.lines.map(({ target }) => target)).toEqual([
      `${origin}/ping/a3f1-key/start?rid=1`,
      `${origin}/ping/a3f1-key?rid=1`,
    ]);
  });

  it('is connected to by TLS, and its certificate is verified', async () => {
    const secure = createServer({ cert: certificate('cert.pem'), key: certificate('key.pem') }).listen(
      0,
      '127.0.0.1',
    );
    await once(secure, 'listening');
    const { port } = secure.address() as AddressInfo;
    const lines = await pingThrough(`https://127.0.0.1:${port}/x`, { https_proxy: proxy.url });
    secure.close();
    expect(proxy.lines.map(({ method, target }) => `${method} ${target}`)).toContain(
      `CONNECT 127.0.0.1:${port}`,
    );
    expect(lines[0]).toMatch(/certificate/);
  });

  it('is reached directly if no_proxy names it', async () => {
    const { origin } = await listen();
    expect(await pingThrough(`${origin}/x`, { all_proxy: proxy.url, no_proxy: '127.0.0.1' })).toEqual([]);
    expect(server?.targets).toHaveLength(2);
    expect(proxy.lines).toEqual([]);
  });

  it.each(['http', 'https'])('leads to a warning that names the proxy if that fails: %s', async (scheme) => {
    proxy.behaviour = 403;
    const lines = await pingThrough(`${scheme}://127.0.0.1:9/x`, { all_proxy: proxy.url });
    expect(lines[0]).toMatch(/^WARNING .*403/);
    expect(lines[0]).toContain(`through the proxy ${proxy.url} (all_proxy)`);
  });

  it.each(['http', 'https'])(
    'leads to a warning of the login if the proxy refuses it: %s',
    async (scheme) => {
      proxy.login = 'me:secret';
      const lines = await pingThrough(`${scheme}://127.0.0.1:9/x`, {
        all_proxy: proxy.url.replace('//', '//me:hunter2@'),
      });
      expect(lines[0]).toContain('the proxy does not accept the user and password in all_proxy');
      expect(lines[0]).not.toContain('hunter2');
    },
  );

  it.each(['http', 'https'])('delays nothing if the proxy hangs or closes: %s', async (scheme) => {
    for (const behaviour of ['close', 'hang'] as const) {
      proxy.behaviour = behaviour;
      const lines = await pingThrough(`${scheme}://127.0.0.1:9/x`, { all_proxy: proxy.url }, 300);
      expect(lines[0]).toMatch(/^WARNING /);
    }
  });

  it('leads to a warning if the variable names no proxy for HTTP', async () => {
    const lines = await pingThrough('http://127.0.0.1:9/x', { http_proxy: 'socks5://127.0.0.1:9' });
    expect(lines[0]).toMatch(/the environment variable http_proxy must name a HTTP proxy/);
  });
});
