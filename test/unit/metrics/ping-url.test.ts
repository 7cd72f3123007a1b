import { describe, expect, it } from 'vitest';
import { pingUrl } from '../../../src/metrics/health-check.ts';

describe('the address of a ping', () => {
  it.each([
    ['https://hc.example/key', 'https://hc.example/key/start', 'https://hc.example/key'],
    ['https://hc.example/key/', 'https://hc.example/key/start', 'https://hc.example/key/'],
    ['http://h:8000', 'http://h:8000/start', 'http://h:8000/'],
    [
      'https://h/p/key?create=1&a=%2F#top',
      'https://h/p/key/start?create=1&a=%2F#top',
      'https://h/p/key?create=1&a=%2F#top',
    ],
    ['https://h/p%2Fq/?x=/', 'https://h/p%2Fq/start?x=/', 'https://h/p%2Fq/?x=/'],
  ])('extends the path of %s', (check, start, success) => {
    expect(pingUrl(check, 'start').href).toBe(start);
    expect(pingUrl(check, 'success').href).toBe(success);
    expect(pingUrl(check, 'failure').href).toBe(start.replace('/start', '/fail'));
  });
});
