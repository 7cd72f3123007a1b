import { describe, expect, it } from 'vitest';
import { mongoAddress } from '../../../../src/artdaqdb/mongo/address.ts';

describe('mongoAddress', () => {
  it.each([
    ['mongodb://host/db', 'mongodb://host/db'],
    ['mongodb://u:p@h1:27017,h2:1/db?replicaSet=r&w=1', 'mongodb://h1:27017,h2:1/db'],
    ['mongodb+srv://u:p%40%2F@h/db', 'mongodb+srv://h/db'],
    ['mongodb://u:p@x@h/db', 'mongodb://h/db'],
    ['mongodb://u:p/x?y@h/db', 'mongodb://h/db'],
    ['mongodb://[::1]:27017/db', 'mongodb://[::1]:27017/db'],
    ['mongodb://u@h/db', 'mongodb://h/db'],
    ['mongodb://u:p@h/db?x=a@b', 'mongodb://h/db'],
  ])('shows %s as %s', (uri, location) => {
    expect(mongoAddress(uri).location).toBe(location);
  });

  it('hides user, password and secret options from any text, as written and decoded', () => {
    const uri =
      'mongodb://archiver:p%40ss%3Aword@h/db?tlsCertificateKeyFilePassword=hunter2&authMechanismProperties=AWS_SESSION_TOKEN:tok';
    const address = mongoAddress(uri);
    const text = `${uri} archiver p@ss:word p%40ss%3Aword archiver:p%40ss%3Aword hunter2 AWS_SESSION_TOKEN:tok`;
    expect(address.hide(text)).not.toMatch(/archiver|p@ss|p%40ss|hunter2|tok/);
    expect(address.hide('connect ECONNREFUSED 127.0.0.1:27017')).toBe('connect ECONNREFUSED 127.0.0.1:27017');
  });

  it('hides short secrets only where they are whole words', () => {
    expect(mongoAddress('mongodb://db:x@h/db').hide('user db x at mongodb://h/dbx')).toBe(
      'user … … at mongodb://h/dbx',
    );
  });

  it('drops the options about where to read', () => {
    const uri =
      'mongodb://u:p@h/db?readPreference=nearest&w=1&readpreferencetags=dc:x&maxStalenessSeconds=99&tls=true';
    expect(mongoAddress(uri).uri).toBe('mongodb://u:p@h/db?w=1&tls=true');
    expect(mongoAddress('mongodb://h/db').uri).toBe('mongodb://h/db');
    expect(mongoAddress('mongodb://h/db?readPreference=secondary').uri).toBe('mongodb://h/db?');
  });

  it('tells which options are set, and whether TLS is on', () => {
    const { options, tls, hasUser } = mongoAddress('mongodb://h/db?replicaSet=r&TLS=true');
    expect([...options]).toEqual(['replicaset', 'tls']);
    expect([tls, hasUser]).toEqual([true, false]);
    expect(mongoAddress('mongodb://u@h/db').hasUser).toBe(true);
    expect(mongoAddress('mongodb://h/db').tls).toBeUndefined();
    expect(mongoAddress('mongodb+srv://h/db').tls).toBe(true);
    expect(mongoAddress('mongodb+srv://h/db?ssl=false').tls).toBe(false);
  });
});
