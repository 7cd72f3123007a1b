import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../src/errors.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { IMPATIENT, useMongoSites } from '../../helpers/mongo-responder/site.ts';
import type { MongoResponder } from '../../helpers/mongo-responder.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const site = useMongoSites();
const temporaryDirectory = useTemporaryDirectories();

const fixture = (name: string): string => join(import.meta.dirname, '../../fixtures/tls/mongodb', name);
const pem = (name: string): string => readFileSync(fixture(name), 'utf8');
const server = { cert: pem('server.pem'), key: pem('server.pem') };

/** The environment that the C++ tools use as well. */
const variables = (client: string | undefined, authority: string | undefined) => ({
  ...(client === undefined ? {} : { ARTDAQ_DATABASE_CLIENT_CERT: client }),
  ...(authority === undefined ? {} : { ARTDAQ_DATABASE_CA_CERT: authority }),
});
const ours = variables(fixture('client.pem'), fixture('ca.pem'));

/** A server that knows its clients by their certificates. */
function startSecure(): Promise<MongoResponder> {
  return site.start({ tls: { ...server, ca: pem('ca.pem') }, admission: 'client certificates' });
}

describe('client certificates', () => {
  it('let us in if the two environment variables name them', async () => {
    const responder = await startSecure();
    const client = site.open(responder, { credentials: '', env: ours });
    await client.prepare();
    await client.insert(5, 'standard', documentsOfRun(5));
    expect(byName(await client.export(5))).toEqual(byName(documentsOfRun(5)));
    const logins = responder.commands.filter(({ name }) => name === 'authenticate');
    expect(logins.length).toBeGreaterThan(0);
    for (const { command } of logins) {
      expect(command).toMatchObject({ mechanism: 'MONGODB-X509', $db: '$external' });
    }
  });

  it('give way to the options of the URI', async () => {
    const responder = await site.start({ tls: { ...server, ca: pem('ca.pem') } });
    const client = site.open(responder, { env: ours, parameters: { authMechanism: 'SCRAM-SHA-256' } });
    expect(await client.listRuns()).toEqual([]);
    expect(responder.commands.map(({ name }) => name)).toContain('saslStart');
  });

  it.each([
    ['of an authority that the server does not know', fixture('stranger.pem')],
    ['without its key', fixture('ca.pem')],
  ])('%s are refused', async (_what, certificate) => {
    const responder = await startSecure();
    const env = variables(certificate, fixture('ca.pem'));
    const error = await site.failureOf(
      site.open(responder, { credentials: '', env, parameters: IMPATIENT }).listRuns(),
    );
    expect(error.message).toMatch(/TLS|certificate/);
    expect(error.message).toContain('ARTDAQ_DATABASE_CLIENT_CERT');
  });

  it('are needed by a server that asks for them', async () => {
    const responder = await startSecure();
    const env = variables(undefined, fixture('ca.pem'));
    const parameters = { ...IMPATIENT, tls: 'true' };
    const error = await site.failureOf(site.open(responder, { credentials: '', env, parameters }).listRuns());
    expect(error.message).toMatch(/TLS|certificate/);
  });

  it.each([
    ['ARTDAQ_DATABASE_CLIENT_CERT', (missing: string) => variables(missing, fixture('ca.pem'))],
    ['ARTDAQ_DATABASE_CA_CERT', (missing: string) => variables(fixture('client.pem'), missing)],
  ])('that are missing, a directory or no certificate are named by %s', async (variable, environment) => {
    const responder = await startSecure();
    const directory = await temporaryDirectory();
    const garbage = join(directory, 'garbage.pem');
    await writeFile(garbage, '-----BEGIN CERTIFICATE-----\nno certificate\n-----END CERTIFICATE-----\n');
    for (const path of [join(directory, 'missing.pem'), directory, garbage]) {
      const client = site.open(responder, { credentials: '', env: environment(path), parameters: IMPATIENT });
      for (const call of ['prepare', 'listRuns'] as const) {
        const error = await site.failureOf(client[call]());
        expect(error.message).toContain(variable);
        expect(error.retryable).toBe(false);
        if (path !== garbage) expect(error).toBeInstanceOf(ConfigurationError);
      }
    }
  });
});

describe('the certificate of the server', () => {
  it('must be signed by an authority that we know', async () => {
    const responder = await startSecure();
    const env = variables(fixture('client.pem'), fixture('other-ca.pem'));
    const error = await site.failureOf(
      site.open(responder, { credentials: '', env, parameters: IMPATIENT }).listRuns(),
    );
    expect(error.message).toMatch(/certificate/);
    expect(error.message).toContain('ARTDAQ_DATABASE_CA_CERT');
    expect(error.retryable).toBe(false);
  });

  it('must name the host', async () => {
    const responder = await site.start({ tls: { cert: pem('elsewhere.pem'), key: pem('elsewhere.pem') } });
    const error = await site.failureOf(
      site.open(responder, { credentials: '', env: ours, parameters: IMPATIENT }).listRuns(),
    );
    expect(error.message).toMatch(/certificate/);
    expect(error.message).toContain('127.0.0.1');
    expect(error.retryable).toBe(false);
  });

  it('is missing on a server without TLS', async () => {
    const responder = await site.start();
    const error = await site.failureOf(
      site.open(responder, { credentials: '', env: ours, parameters: IMPATIENT }).listRuns(),
    );
    expect(error.message).toMatch(/TLS|no server answers/);
    expect(error.message).toContain(responder.host);
  });

  it('is not asked for by a client without TLS, which is told so', async () => {
    const responder = await startSecure();
    const error = await site.failureOf(site.open(responder, { parameters: IMPATIENT }).listRuns());
    expect(error.message).toContain(responder.host);
  });
});
