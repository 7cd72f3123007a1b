import { BlockList, isIPv4 } from 'node:net';
import { unescape as percentDecode } from 'node:querystring';
import type { Environment } from '../environment.ts';
import { ConfigurationError } from '../errors.ts';
import { withoutBrackets } from './host-lookup.ts';

/** A proxy that requests to a server go through. */
export interface HttpProxy {
  /** Does the connection to the proxy itself use TLS? */
  readonly isSecure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Value of the header Proxy-Authorization; secret. */
  readonly authorization: string | undefined;
  /** The environment variable that names it. */
  readonly variable: string;
  /** Address and variable, without secrets. */
  readonly shown: string;
}

/**
 * The proxy that the environment names for a server: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` mean what they mean to
 * Python's requests and urllib. The lower-case name comes first; if it is set and empty, it switches the other off.
 * @returns undefined if requests go to the server directly
 * @throws ConfigurationError if the variable is not the address of a HTTP proxy
 */
export function proxyFor(server: URL, env: Environment): HttpProxy | undefined {
  const found = proxyVariable(server.protocol.slice(0, -1), env) ?? proxyVariable('all', env);
  return found === undefined || isExcepted(server, env) ? undefined : parseProxy(found);
}

/** What to do if a proxy answers 407. */
export function loginAdvice({ variable, authorization }: HttpProxy): string {
  const advice =
    authorization === undefined
      ? `the proxy wants a user and password: set ${variable} to http://user:password@host:port`
      : `the proxy does not accept the user and password in ${variable}: correct them`;
  return `${advice}, or name the server in no_proxy`;
}

/** The addresses of all proxies that the environment names, with their passwords. */
export function proxyAddresses(env: Environment): string[] {
  const variables = ['http', 'https', 'all'].map((scheme) => proxyVariable(scheme, env));
  return variables.flatMap((found) => (found === undefined ? [] : [withScheme(found.value)]));
}

interface ProxyVariable {
  readonly variable: string;
  readonly value: string;
}

function proxyVariable(scheme: string, env: Environment): ProxyVariable | undefined {
  const lower = `${scheme}_proxy`;
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  const variable =
    env[lower] === undefined
      ? Object.keys(env).find((name) => name.toLowerCase() === lower && isSet(name))
      : lower;
  const value = variable === undefined ? undefined : env[variable];
  return variable === undefined || value === undefined || value === '' ? undefined : { variable, value };
}

/** Does no_proxy name the server? */
function isExcepted(server: URL, env: Environment): boolean {
  const list = env.no_proxy || env.NO_PROXY || '';
  if (list.trim() === '*') return true;
  const host = withoutBrackets(server.hostname);
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  const names = isIPv4(host) ? [host] : [host, `${host}:${port}`];
  const entries = list.replaceAll(' ', '').toLowerCase().split(',');
  return entries.some((entry) => {
    const domain = entry.replace(/^\.+/, '');
    if (domain === '') return false;
    return names.some((name) => name === domain || name.endsWith(`.${domain}`)) || isInNetwork(host, entry);
  });
}

/** Is an address in a network that is written as 10.1.0.0/16? */
function isInNetwork(address: string, entry: string): boolean {
  if (!isIPv4(address)) return false;
  const [, network = '', bits] = /^([0-9.]+)\/([0-9]{1,2})$/.exec(entry) ?? [];
  if (!isIPv4(network) || Number(bits) < 1 || Number(bits) > 32) return false;
  const subnet = new BlockList();
  subnet.addSubnet(network, Number(bits));
  return subnet.check(address);
}

function withScheme(value: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
}

function parseProxy({ variable, value }: ProxyVariable): HttpProxy {
  const text = withScheme(value);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ConfigurationError(
      `the environment variable ${variable} must name a HTTP proxy, as in http://host:3128 or http://user:password@host:3128 ` +
        '(special characters in the password are written as %40 and the like); no_proxy names servers that are asked directly',
    );
  }
  const { protocol, username, password } = url;
  const login = `${percentDecode(username)}:${percentDecode(password)}`;
  return {
    isSecure: protocol === 'https:',
    hostname: withoutBrackets(url.hostname),
    port: Number(url.port) || (protocol === 'https:' ? 443 : 80),
    authorization: username === '' ? undefined : `Basic ${Buffer.from(login).toString('base64')}`,
    variable,
    shown: `${url.origin} (${variable})`,
  };
}
