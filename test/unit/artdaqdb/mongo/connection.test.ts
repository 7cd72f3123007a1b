import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { mongoAddress } from '../../../../src/artdaqdb/mongo/address.ts';
import { clientOptions } from '../../../../src/artdaqdb/mongo/connection.ts';
import { ConfigurationError } from '../../../../src/errors.ts';
import { useTemporaryDirectories } from '../../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

describe('client options', () => {
  let certificate: string;
  let authority: string;
  let warnings: string[];

  beforeEach(async () => {
    const directory = await temporaryDirectory();
    certificate = join(directory, 'a b&c=%41?.pem');
    authority = join(directory, 'ca.pem');
    for (const file of [certificate, authority]) await writeFile(file, 'x');
    warnings = [];
  });

  const optionsFor = (uri: string, env: Record<string, string> = {}) =>
    clientOptions(mongoAddress(uri), env, (message) => warnings.push(message));

  it('limit every wait unless the URI says how long it may be', async () => {
    const options = await optionsFor('mongodb://h/db?sockettimeoutms=5&maxPoolSize=3');
    expect(options).toMatchObject({ serverSelectionTimeoutMS: 10_000, connectTimeoutMS: 10_000 });
    expect(options).not.toHaveProperty('socketTimeoutMS');
    expect(options).not.toHaveProperty('maxPoolSize');
    expect(options).not.toHaveProperty('tls');
  });

  it('take certificates from the environment, whatever characters their paths have', async () => {
    const env = { ARTDAQ_DATABASE_CLIENT_CERT: certificate, ARTDAQ_DATABASE_CA_CERT: authority };
    const options = await optionsFor('mongodb://h/db', env);
    expect(options).toMatchObject({
      tls: true,
      authMechanism: 'MONGODB-X509',
      authSource: '$external',
      tlsCertificateKeyFile: certificate,
      tlsCAFile: authority,
    });
    const client = new MongoClient('mongodb://h/db', options);
    expect(client.options).toMatchObject({
      tls: true,
      tlsCertificateKeyFile: certificate,
      tlsCAFile: authority,
    });
    expect(client.options.credentials).toMatchObject({ mechanism: 'MONGODB-X509', source: '$external' });
  });

  it('give way to the options and the user of the URI', async () => {
    const env = { ARTDAQ_DATABASE_CLIENT_CERT: certificate, ARTDAQ_DATABASE_CA_CERT: authority };
    const options = await optionsFor('mongodb://u:p@h/db?tlsCAFile=/other', env);
    expect(options).toMatchObject({ tls: true, tlsCertificateKeyFile: certificate });
    expect(options).not.toHaveProperty('tlsCAFile');
    expect(options).not.toHaveProperty('authMechanism');
    expect(new MongoClient('mongodb://u:p@h/db?tlsCAFile=/other', options).options.tlsCAFile).toBe('/other');
  });

  it('take an authority alone if the URI turns TLS on', async () => {
    const env = { ARTDAQ_DATABASE_CLIENT_CERT: '', ARTDAQ_DATABASE_CA_CERT: authority };
    expect(await optionsFor('mongodb://h/db?tls=true', env)).toMatchObject({
      tls: true,
      tlsCAFile: authority,
    });
    expect(await optionsFor('mongodb://h/db', env)).not.toHaveProperty('tls');
    expect(warnings).toEqual([expect.stringContaining('ARTDAQ_DATABASE_CA_CERT has no effect')]);
  });

  it('say that certificates have no effect where the URI turns TLS off', async () => {
    const options = await optionsFor('mongodb://h/db?tls=false', {
      ARTDAQ_DATABASE_CLIENT_CERT: certificate,
    });
    expect(options).not.toHaveProperty('tls');
    expect(warnings).toEqual([expect.stringContaining('turns TLS off')]);
  });

  it.each(['ARTDAQ_DATABASE_CLIENT_CERT', 'ARTDAQ_DATABASE_CA_CERT'])(
    'name the variable %s if its file is missing',
    async (variable) => {
      const refusal = optionsFor('mongodb://h/db', { [variable]: join(certificate, 'x') });
      await expect(refusal).rejects.toThrow(ConfigurationError);
      await expect(refusal).rejects.toThrow(variable);
    },
  );
});
