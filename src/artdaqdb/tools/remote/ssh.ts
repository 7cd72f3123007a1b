import { isIPv6 } from 'node:net';
import { ConfigurationError } from '../../../errors.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Seconds without an answer after which a connection counts as broken: about 45. */
const KEEP_ALIVE = ['ServerAliveInterval=15', 'ServerAliveCountMax=3'];

/** What users may have set for terminals, or for connections shared with others, and what would get in the way. */
const PLAIN = [
  'RequestTTY=no',
  'RemoteCommand=none',
  'ClearAllForwardings=yes',
  'ForwardAgent=no',
  'ForwardX11=no',
  'ControlMaster=no',
  'ControlPath=none',
  'LogLevel=INFO',
];

const ANY_HOST_KEY = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'GlobalKnownHostsFile=/dev/null',
];

/** Arguments of ssh ahead of the remote command. It asks nobody for anything. */
export function sshArguments(remoteHost: string, verifyHostKey: boolean): string[] {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=15',
    ...KEEP_ALIVE,
    ...PLAIN,
    ...(verifyHostKey ? ['StrictHostKeyChecking=yes'] : ANY_HOST_KEY),
  ];
  return [...options.flatMap((option) => ['-o', option]), '--', sshDestination(remoteHost)];
}

/**
 * Checks the destination: a host's name, address or alias of ssh's configuration, with or without `user@`. Nothing that
 * ssh could take for an option or hand to a shell (as ProxyCommand does) is let through.
 * @throws ConfigurationError
 */
function sshDestination(remoteHost: string): string {
  const at = remoteHost.lastIndexOf('@');
  const host = remoteHost.slice(at + 1);
  const [address = '', ...zones] = host.split('%');
  const isAddress = isIPv6(address) && zones.length <= 1 && zones.every((zone) => NAME.test(zone));
  const isHost = NAME.test(host) || isAddress;
  if (isHost && (at === -1 || NAME.test(remoteHost.slice(0, at)))) return remoteHost;
  throw new ConfigurationError(
    `artdaq_db.remote_host ${JSON.stringify(remoteHost)} can't be used: give a host name, an address or an alias of ~/.ssh/config, with user@ before it if need be; a port belongs into ~/.ssh/config`,
  );
}
