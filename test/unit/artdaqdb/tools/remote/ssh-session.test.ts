import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader, sshArguments } from '../../../../../src/artdaqdb/tools/remote/ssh-session.ts';
import { ConfigurationError } from '../../../../../src/errors.ts';

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
  it('are found among the output of others, however it is cut into pieces', async () => {
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

describe('arguments of ssh', () => {
  it.each([
    'daq01',
    'daq01.example.com',
    'archiver@daq01',
    '_alias',
    '192.0.2.7',
    '2001:db8::7',
    'me@fe80::1%eth0',
  ])('end with the destination %s', (host) => {
    expect(sshArguments(host, true).slice(-2)).toEqual(['--', host]);
  });

  it.each([
    '',
    '-oProxyCommand=id',
    'daq01 id',
    'daq01;id',
    'daq01`id`',
    '$(id)',
    'daq01\nid',
    '@daq01',
    '-x@daq01',
    'a@-x',
    'a@b@c',
    'daq01:22',
    'ssh://daq01',
    'dåq',
    'fe80::1%$(id)',
    'fe80::1%a%b',
    'daq01\0',
  ])('refuse the destination %j', (host) => {
    expect(() => sshArguments(host, true)).toThrow(ConfigurationError);
    expect(() => sshArguments(host, true)).toThrow('artdaq_db.remote_host');
  });

  it('never let ssh ask, and check the host key unless told otherwise', () => {
    expect(sshArguments('daq01', true)).toEqual(
      expect.arrayContaining(['BatchMode=yes', 'StrictHostKeyChecking=yes']),
    );
    expect(sshArguments('daq01', true).join(' ')).not.toContain('KnownHostsFile');
    expect(sshArguments('daq01', false)).toEqual(
      expect.arrayContaining(['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']),
    );
  });
});
