import type { Scanner } from './scanner.ts';

/** What stands at the position, for a message: at most 20 characters of its line up to the first blank. */
function found(scanner: Scanner): string {
  if (scanner.atEnd) return 'the end of the text';
  const [word = ''] = /^\S*/.exec(scanner.text.slice(scanner.position, scanner.position + 20)) ?? [];
  return JSON.stringify(word);
}

/**
 * Refuses what stands where an entry should.
 * @param start of the entry
 * @param key that was read, if the fault is behind it
 * @throws FhiclError always
 */
export function failEntry(scanner: Scanner, start: number, key?: string): never {
  const { text, position } = scanner;
  if (key === 'BEGIN_PROLOG') scanner.fail('prologs must come before all other entries', start);
  if (key !== undefined && text[position] === '[') {
    scanner.fail(`an element of a sequence (${key}[…]) can't be set alone; write the whole sequence`, start);
  }
  if (key !== undefined)
    scanner.fail(`after the name ${key} must come a colon, not ${found(scanner)}`, start);
  if (text.startsWith('@table::', position))
    scanner.fail('artdaqDB stores no @table::; write out what it stands for');
  if (text[position] === '!')
    scanner.fail('artdaqDB resolves what begins with !; write out what it stands for');
  const hint = /[\w"')]/.test(text.charAt(position - 1))
    ? '; a text that is more than a plain word needs quotes'
    : '';
  return scanner.fail(`a name was expected, not ${found(scanner)}${hint}`);
}

/** @throws FhiclError always: no value stands here. */
export function failValue(scanner: Scanner, key: string): never {
  const whose = key === '' ? 'an element' : `the value of ${key}`;
  if (key === '' && scanner.text[scanner.position] === ']') scanner.fail('no comma can stand before ]');
  if (scanner.text[scanner.position] === '!') {
    scanner.fail(
      'artdaqDB resolves or erases what begins with !; write the value itself, or put quotes around it',
    );
  }
  const hint = scanner.atEnd ? '' : '; a text that is more than a plain word needs quotes';
  return scanner.fail(`${whose} was expected, not ${found(scanner)}${hint}`);
}
