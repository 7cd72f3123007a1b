import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorFault } from '../../../src/errors.ts';
import type { FhiclFile } from '../../../src/fhicl/fhicl-file.ts';
import { documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { type Fault, onCall, refusal } from '../../helpers/mongo-responder/script.ts';
import { ACCOUNT, IMPATIENT, useMongoSites } from '../../helpers/mongo-responder/site.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const site = useMongoSites();
const temporaryDirectory = useTemporaryDirectories();
const files = documentsOfRun(5);

function writeError(code: number, errmsg: string): Fault {
  return { kind: 'write error', error: { index: 0, code, errmsg } };
}

describe('whose fault it is that MongoDB does not take a run', () => {
  it.each<[what: string, whose: ErrorFault, fault: Fault]>([
    ['a full disk', 'site', refusal(14031, 'OutOfDiskSpace', 'No space left')],
    ['a full disk at one document', 'site', writeError(1, 'No space left on device')],
    ['a quota', 'site', refusal(8000, 'AtlasError', 'you are over your space quota')],
    ['an account without rights', 'site', refusal(13, 'Unauthorized', 'not authorized on db')],
    ['a server that is not primary', 'site', refusal(10107, 'NotWritablePrimary', 'not primary')],
    ['a server that shuts down', 'site', refusal(91, 'ShutdownInProgress', 'going down')],
    [
      'a majority that does not confirm',
      'unknown',
      { kind: 'write concern error', error: { code: 64, errmsg: 'timed out' } },
    ],
    ['a time limit', 'unknown', refusal(50, 'MaxTimeMSExpired', 'exceeded time limit')],
    ['something that we do not know', 'unknown', refusal(99_999, 'Odd', 'no')],
    ['the rules of a collection', 'unknown', writeError(121, 'Document failed validation')],
    [
      'a unique index',
      'unknown',
      writeError(11000, 'E11000 duplicate key error collection: x index: version_1 dup key: {}'),
    ],
    ['a document too large for the server', 'run', writeError(10334, 'BSONObj size is invalid')],
    ['a name that it does not take', 'run', writeError(52, 'not a valid name for storage')],
    ['tables nested too deeply', 'run', writeError(15, 'exceeded maximum nesting depth')],
  ])('for %s: %s', async (_what, whose, fault) => {
    const responder = await site.start();
    const client = site.open(responder);
    await client.prepare();
    responder.script = onCall('insert', fault);
    expect(await site.failureOf(client.insert(5, 'standard', files))).toMatchObject({ fault: whose });
  });

  it.each<[what: string, whose: ErrorFault, name: string, text: string]>([
    ['a document', 'run', 'large.fcl', `a: "${'x'.repeat(17_000_000)}"\n`],
    ['a name', 'run', 'dotted.fcl', 'services.daq.level: 3\n'],
    ['the schema', 'site', 'schema.fcl', 'services.daq.level: 3\n'],
  ])('for %s that it cannot hold: %s', async (_what, whose, name, text) => {
    const responder = await site.start({ maxWireVersion: 12 });
    const client = site.open(responder);
    const documents: FhiclFile[] = [...files.filter((file) => file.name !== name), { name, text }];
    const error = await site.failureOf(client.insert(5, 'standard', documents));
    expect(error.message).toContain(name);
    expect(error.fault).toBe(whose);
  });

  it.each<[name: string, whose: ErrorFault, collection: string]>([
    ['boot.fcl', 'run', 'RunHistory'],
    ['schema.fcl', 'site', 'SystemLayout'],
  ])('for names in %s that it refuses: %s', async (name, whose, collection) => {
    const responder = await site.start();
    const client = site.open(responder);
    responder.script = (seen) =>
      seen.name === 'insert' && seen.collection === collection
        ? writeError(57, 'a dotted field name is not valid for storage')
        : undefined;
    const error = await site.failureOf(client.insert(5, 'standard', files));
    expect(error.message).toContain(name);
    expect(error.fault).toBe(whose);
  });
});

describe('whose fault it is that MongoDB cannot be reached', () => {
  it("is the site's for a closed port and a host name that nobody knows", async () => {
    for (const host of [`127.0.0.1:${await closedPort()}`, 'no-such-host.invalid:27017']) {
      const client = site.open({ host }, { parameters: IMPATIENT });
      for (const work of [() => client.prepare(), () => client.insert(5, 'standard', files)]) {
        expect(await site.failureOf(work())).toMatchObject({ fault: 'site', retryable: true });
      }
    }
  });

  it("is the site's for an account that is refused", async () => {
    const responder = await site.start({ admission: { ...ACCOUNT, password: 'another' } });
    const error = await site.failureOf(site.open(responder).insert(5, 'standard', files));
    expect(error).toMatchObject({ fault: 'site', retryable: false });
  });

  it("is the site's for a URI and a certificate that cannot be used", async () => {
    const responder = await site.start();
    const odd = site.open(responder, { parameters: { noSuchOption: '1' } });
    expect(await site.failureOf(odd.insert(5, 'standard', files))).toMatchObject({ fault: 'site' });
    const certificate = join(await temporaryDirectory(), 'client.pem');
    const env = { ARTDAQ_DATABASE_CLIENT_CERT: certificate };
    for (const content of [undefined, 'no certificate']) {
      if (content !== undefined) await writeFile(certificate, content);
      const client = site.open(responder, { env, parameters: IMPATIENT });
      expect(await site.failureOf(client.insert(5, 'standard', files))).toMatchObject({ fault: 'site' });
    }
  });

  it.each(['hello', 'saslStart'])("is the site's for a server that hangs in %s", async (name) => {
    const hang: Fault = { kind: 'hang', applied: false };
    const script = (seen: { readonly name: string }) =>
      seen.name === name || (name === 'hello' && seen.name === 'ismaster') ? hang : undefined;
    const responder = await site.start({ script });
    const error = await site.failureOf(
      site.open(responder, { parameters: IMPATIENT }).insert(5, 'standard', files),
    );
    expect(error).toMatchObject({ fault: 'site' });
  });

  it("is the site's for a server that goes away between two runs", async () => {
    const responder = await site.start();
    const client = site.open(responder, { parameters: IMPATIENT });
    await client.insert(4, 'standard', documentsOfRun(4));
    responder.refuse();
    expect(await site.failureOf(client.insert(5, 'standard', files))).toMatchObject({ retryable: true });
    // The first may have met the end of a connection that was there.
    const error = await site.failureOf(client.insert(6, 'standard', documentsOfRun(6)));
    expect(error).toMatchObject({ fault: 'site', retryable: true });
  });

  it.each<[what: string, fault: Fault]>([
    ['closes the connection', { kind: 'cut', applied: false }],
    ['does not answer any more', { kind: 'hang', applied: false }],
  ])('is not known of a server that %s when a document was sent', async (_what, fault) => {
    const responder = await site.start();
    const client = site.open(responder, { parameters: { ...IMPATIENT, retryWrites: 'false' } });
    await client.prepare();
    responder.script = onCall('insert', fault);
    const error = await site.failureOf(client.insert(5, 'standard', files));
    expect(error).toMatchObject({ fault: 'unknown', retryable: true });
  });
});
