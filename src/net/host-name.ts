/** A host as sockets want it: an IPv6 address may be written in brackets, as in URLs. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
