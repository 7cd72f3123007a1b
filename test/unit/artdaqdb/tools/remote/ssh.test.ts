import { describe, expect, it } from 'vitest';
import { sshArguments } from '../../../../../src/artdaqdb/tools/remote/ssh-session.ts';
import { ConfigurationError } from '../../../../../src/errors.ts';

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
