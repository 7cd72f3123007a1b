import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/environment.ts';
import { ArchiverError, ConfigurationError } from '../../../src/errors.ts';
import { UconDbClient, type UconDbClientOptions } from '../../../src/ucondb/ucondb-client.ts';
import { startUconDbServer, type UconDbServer } from '../../../tools/ucondb-server/server.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { ForwardProxy } from '../../helpers/forward-proxy.ts';
import { SilentServer } from '../../helpers/silent-server.ts';

const certificates = new URL('../../fixtures/tls/', import.meta.url).pathname;
const tls = { cert: join(certificates, 'cert.pem'), key: join(certificates, 'key.pem') };
const account = { user: 'archiver', password: 'secret' };
const blob = Buffer.from(`Start of Record\nRun Number: 1\n${'x'.repeat(500_000)}\nEnd of Record\n`);

/** What fails is not tried again. */
const notAgain = AbortSignal.abort();

let data: string;
let server: UconDbServer;
let proxy: ForwardProxy;
const clients: UconDbClient[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'ucondb-proxies-'));
  proxy = await ForwardProxy.start();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await proxy.stop();
  await server.close();
  await rm(data, { recursive: true });
});

async function start(scheme: 'http' | 'https'): Promise<void> {
  server = await startUconDbServer({
    data,
    folders: ['test01'],
    ...account,
    ...(scheme === 'https' ? { tls } : {}),
  });
}

function open(env: Environment, parameters: Partial<UconDbClientOptions> = {}): UconDbClient {
  const client = new UconDbClient({
    serverUrl: server.url,
    folderName: 'test01',
    objectName: 'configuration',
    writerUser: account.user,
    writerPassword: account.password,
    timeoutSeconds: 10,
    tlsVerify: true,
    caFile: tls.cert,
    workers: 4,
    env,
    ...parameters,
  });
  clients.push(client);
  return client;
}

async function failureOf(call: Promise<unknown>): Promise<ArchiverError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ArchiverError)) throw new Error('no known error', { cause: error });
  return error;
}

describe('through a proxy', () => {
  it('a plain server is asked by absolute addresses, digest and all', async () => {
    await start('http');
    const client = open({ http_proxy: proxy.url });
    expect(await client.put(1, blob)).toBe('stored');
    expect((await client.get(1)).equals(blob)).toBe(true);
    expect(await client.listRuns()).toEqual([1]);
    expect(proxy.lines.length).toBeGreaterThan(2);
    for (const { target, headers } of proxy.lines) {
      expect(target.startsWith(`${server.url}/`)).toBe(true);
      expect(headers.host).toBe(new URL(server.url).host);
      const uri = /uri="([^"]*)"/.exec(headers.authorization ?? '')?.[1];
      if (uri !== undefined) expect(uri).toMatch(/^\/app\/data\//);
    }
  });

  it('a server with TLS is connected to, and verified', async () => {
    await start('https');
    const client = open({ https_proxy: proxy.url });
    expect(await client.put(1, blob)).toBe('stored');
    expect((await client.get(1)).equals(blob)).toBe(true);
    expect(await client.listRuns()).toEqual([1]);
    const { host } = new URL(server.url);
    expect(new Set(proxy.lines.map(({ method, target }) => `${method} ${target}`))).toEqual(
      new Set([`CONNECT ${host}`]),
    );
    const error = await failureOf(open({ https_proxy: proxy.url }, { caFile: undefined }).listRuns());
    expect(error.message).toContain('ucon_db.ca_file');
  });

  it.each(['http', 'https'] as const)('the login in its address is used: %s', async (scheme) => {
    await start(scheme);
    proxy.login = 'me:p@ss:word';
    const url = proxy.url.replace('http://', 'http://me:p%40ss%3Aword@');
    const client = open({ [`${scheme}_proxy`]: url });
    expect(await client.put(1, blob)).toBe('stored');
    expect((await client.get(1)).equals(blob)).toBe(true);
  });

  it.each(['http', 'https'] as const)('no_proxy leads past it: %s', async (scheme) => {
    await start(scheme);
    const client = open({ all_proxy: proxy.url, no_proxy: 'localhost,127.0.0.0/8' });
    expect(await client.put(1, blob)).toBe('stored');
    expect(proxy.lines).toEqual([]);
  });
});

describe.each(['http', 'https'] as const)('a proxy for %s', (scheme) => {
  const variable = `${scheme}_proxy`;
  const toProxy = () => ({ [variable]: proxy.url });

  it('that wants a login gets its own advice', async () => {
    await start(scheme);
    proxy.login = 'me:secret';
    for (const env of [toProxy(), { [variable]: proxy.url.replace('//', '//me:phrase@') }]) {
      const client = open(env);
      for (const call of [client.listRuns(), client.put(1, blob), client.get(1)]) {
        const error = await failureOf(call);
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(error.fault).toBe('site');
        expect(error.message).toMatch(/407.*the proxy (wants|does not accept).* user and password/s);
        expect(error.message).toContain(variable);
        expect(error.message).not.toContain('phrase');
      }
    }
  });

  it.each([403, 502])('that answers %s itself is named', async (status) => {
    await start(scheme);
    proxy.behaviour = status;
    const error = await failureOf(open(toProxy()).get(1, notAgain));
    expect(error.message).toContain(`through the proxy ${proxy.url} (${variable})`);
    expect(error.message).toContain(String(status));
    expect(error.message.length).toBeLessThan(450);
    if (scheme === 'https' && status === 403)
      expect(error.message).toContain('must allow CONNECT to that port');
    expect(error.fault).toBe(scheme === 'https' ? 'site' : 'unknown');
  });

  it('that closes its connections is given up, and named', async () => {
    await start(scheme);
    proxy.behaviour = 'close';
    const error = await failureOf(open(toProxy()).put(1, blob, notAgain));
    expect(error.message).toContain(`through the proxy ${proxy.url} (${variable})`);
    expect(proxy.lines.length).toBeLessThan(4);
  });

  it('that closes each connection as soon as it is made is not connected to without end', async () => {
    await start(scheme);
    let connections = 0;
    const closing = createServer((socket) => {
      connections++;
      socket.on('error', () => socket.destroy());
      socket.end();
    }).listen(0, '127.0.0.1');
    await once(closing, 'listening');
    const env = { [variable]: `http://127.0.0.1:${(closing.address() as AddressInfo).port}` };
    const error = await failureOf(open(env).put(1, blob, notAgain));
    closing.close();
    expect(error.message).toContain(`(${variable})`);
    expect(connections).toBeLessThan(4);
  });

  it('that takes no connection is the fault of the site', async () => {
    await start(scheme);
    const env = { [variable]: `http://127.0.0.1:${await closedPort()}` };
    const error = await failureOf(open(env).get(1, notAgain));
    expect(error.fault).toBe('site');
    expect(error.message).toMatch(/ECONNREFUSED.*check that https?_proxy and ucon_db\.server_url/);
  });

  it('that hangs is given up', async () => {
    await start(scheme);
    const silent = await SilentServer.start();
    try {
      const env = { [variable]: `http://127.0.0.1:${silent.port}` };
      const error = await failureOf(
        open(env, { timeoutSeconds: 0.3, listingTimeoutSeconds: 0.3 }).listRuns(),
      );
      expect(error.message).toMatch(/no (connection|answer) for 0.3 s/);
      expect(error.fault).toBe(scheme === 'https' ? 'site' : 'unknown');
    } finally {
      await silent.close();
    }
  });

  it('that can not reach the server is named', async () => {
    await start(scheme);
    const serverUrl = `${scheme}://127.0.0.1:${await closedPort()}/app`;
    const error = await failureOf(open(toProxy(), { serverUrl }).get(1, notAgain));
    expect(error.message).toMatch(/503/);
    expect(error.message).toContain(`through the proxy ${proxy.url}`);
  });
});
