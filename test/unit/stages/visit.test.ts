import { expect, it } from 'vitest';
import { ArchiverError } from '../../../src/errors.ts';
import { Visit } from '../../../src/stages/visit.ts';

const systemError = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });

function failAt(error: Error): Promise<unknown> {
  const failing = new Visit().at('artdaqDB write', async () => {
    throw error;
  });
  return failing.catch((thrown: unknown) => thrown);
}

it('a visit notes a place that worked, but not for an answer that there was nothing to do', async () => {
  const visit = new Visit();
  await visit.at('artdaqDB read', async () => 'x');
  const answer = await visit.at(
    'UconDB write',
    async () => 'already-stored',
    (outcome) => outcome === 'stored',
  );
  expect(answer).toBe('already-stored');
  expect([...visit.reached]).toEqual(['artdaqDB read']);
});

it('a system error of the site becomes a known error, which may be worth another attempt', async () => {
  const place = 'artdaqDB write';
  const site = { fault: 'site', place };
  expect(await failAt(systemError('ENOSPC'))).toMatchObject({
    ...site,
    retryable: true,
    message: 'ENOSPC: no',
  });
  expect(await failAt(systemError('EROFS'))).toMatchObject({ ...site, retryable: false });
  expect(await failAt(systemError('EIO'))).not.toBeInstanceOf(ArchiverError);
});

it('an error says where it happened, unless it knows that better itself', async () => {
  expect(await failAt(new ArchiverError('no'))).toMatchObject({ place: 'artdaqDB write' });
  const known = new ArchiverError('no', { place: 'host gateway' });
  expect(await failAt(known)).toMatchObject({ place: 'host gateway' });
});
