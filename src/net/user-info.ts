/** The credentials inside an address, as written and percent-decoded; empty if it has none. */
export function userInfoOf(uri: string): string[] {
  const [, userInfo] = /^[a-z+]+:\/\/(.*)@/is.exec(uri) ?? [];
  if (userInfo === undefined) return [];
  const [, password = ''] = /^[^:]*:(.*)$/s.exec(userInfo) ?? [];
  return [userInfo, password, decode(password)].filter((text) => text !== '');
}

function decode(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}
