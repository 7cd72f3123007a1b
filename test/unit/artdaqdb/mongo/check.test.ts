import { describe, expect, it } from 'vitest';
import { missingRights } from '../../../../src/artdaqdb/mongo/check.ts';

const users = [{ user: 'archiver', db: 'admin' }];
const readWrite = ['find', 'insert', 'update', 'remove', 'listIndexes'];
const answer = (...authenticatedUserPrivileges: object[]) => ({
  ok: 1,
  authInfo: { authenticatedUsers: users, authenticatedUserPrivileges },
});

describe('rights of an account', () => {
  it.each<[string, object]>([
    ['on the database', { resource: { db: 'artdaq', collection: '' }, actions: readWrite }],
    ['on all databases', { resource: { db: '', collection: '' }, actions: readWrite }],
    ['on everything', { resource: { anyResource: true }, actions: ['anyAction'] }],
  ])('%s suffice', (_what, privilege) => {
    expect(missingRights(answer(privilege), 'artdaq')).toEqual([]);
  });

  it('on both collections suffice', () => {
    const on = (collection: string) => ({ resource: { db: 'artdaq', collection }, actions: readWrite });
    expect(missingRights(answer(on('RunHistory'), on('SystemLayout')), 'artdaq')).toEqual([]);
    expect(missingRights(answer(on('RunHistory')), 'artdaq')).toEqual(
      ['find', 'insert', 'update', 'remove'].map((action) => `${action} on SystemLayout`),
    );
  });

  it.each<[string, object]>([
    ['on another database', { resource: { db: 'other', collection: '' }, actions: readWrite }],
    ['on the cluster', { resource: { cluster: true }, actions: ['anyAction'] }],
    ['to read', { resource: { db: 'artdaq', collection: '' }, actions: ['find'] }],
  ])('%s do not suffice', (_what, privilege) => {
    expect(missingRights(answer(privilege), 'artdaq')).toContain('insert on RunHistory');
  });

  it('are not needed where nobody has to log in', () => {
    const authInfo = { authenticatedUsers: [], authenticatedUserPrivileges: [] };
    expect(missingRights({ ok: 1, authInfo }, 'artdaq')).toEqual([]);
  });

  it.each([[undefined], [{ ok: 1 }], [{ authInfo: { authenticatedUsers: users } }], ['text']])(
    'are unknown after the answer %j',
    (odd) => {
      expect(missingRights(odd, 'artdaq')).toBeUndefined();
    },
  );
});
