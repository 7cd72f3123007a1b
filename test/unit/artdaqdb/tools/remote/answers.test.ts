import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader } from '../../../../../src/artdaqdb/tools/remote/ssh-session.ts';

const nonce = '0123456789abcdef';

async function collect(reader: AnswerReader): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
    answers.push(line);
    const [, length] = /^bytes (\d+)$/.exec(line) ?? [];
    if (length !== undefined) answers.push((await reader.bytes(Number(length)))?.toString());
  }
  return answers;
}

describe('answers from another host', () => {
  it('are read past what others print, however they are cut into pieces', async () => {
    const noise = fc.string({ unit: fc.constantFrom('0', '01', '012', nonce, '\n', 'x'), maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(noise, fc.string(), fc.array(fc.nat(60)), async (before, content, cuts) => {
        const clean = before.replaceAll(`${nonce} `, '');
        const length = Buffer.byteLength(content);
        let rest = Buffer.from(
          `${clean}\n${nonce} dir 7 /tmp/a b\n${nonce} bytes ${length}\n${content}${nonce} tool 0\n`,
        );
        const reader = new AnswerReader(nonce);
        const answers = collect(reader);
        for (const cut of cuts) {
          reader.write(rest.subarray(0, cut));
          rest = rest.subarray(cut);
          await Promise.resolve();
        }
        reader.end(rest);
        expect(await answers).toEqual(['dir 7 /tmp/a b', `bytes ${length}`, content, 'tool 0']);
      }),
    );
  });

  it('end with the connection', async () => {
    const reader = new AnswerReader(nonce);
    const answers = collect(reader);
    reader.end(`${nonce} bytes 10\nhalf`);
    expect(await answers).toEqual(['bytes 10', undefined]);
    const broken = new AnswerReader(nonce);
    const none = collect(broken);
    broken.write(`${nonce} half a li`);
    broken.destroy();
    expect(await none).toEqual([]);
  });
});
