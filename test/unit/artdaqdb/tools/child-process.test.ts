import { describe, expect, it } from 'vitest';
import { OutputTail } from '../../../../src/artdaqdb/tools/child-process.ts';

describe('OutputTail', () => {
  it('keeps everything that fits, without the last line break', () => {
    const tail = new OutputTail(10);
    for (const part of ['abc', 'defg', '\n']) tail.add(Buffer.from(part));
    expect(tail.text()).toBe('abcdefg');
  });

  it('keeps the end, and says how much is left out', () => {
    const tail = new OutputTail(4);
    for (let number = 0; number < 100; number++) tail.add(Buffer.from(String(number % 10)));
    expect(tail.text()).toBe('[96 bytes left out] …6789');
  });

  it('begins with a whole word, so that no part of a password is shown', () => {
    const tail = new OutputTail(20);
    tail.add(Buffer.from('at mongodb://user:secret@host failed\n'));
    expect(tail.text()).toBe('[30 bytes left out] …failed');
  });
});
