import { closingLines } from './brackets.ts';
import type { Conversion } from './conversion.ts';
import { ConvertedText } from './converted-text.ts';
import { foreignCharacterWarnings } from './foreign-characters.ts';
import { settingsList } from './settings-list.ts';
import { isComment, keyAndValue, readSource, trimmed } from './source-text.ts';

/** `settings.txt` -> `settings.fcl`. */
export function convertSettings(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const lines = source.lines.filter((line) => !isComment(line) && trimmed(line.text) !== '');
  const out = new ConvertedText([...source.warnings, ...foreignCharacterWarnings(lines)]);
  const ends = closingLines(lines);
  let next = 0;
  for (const [index, line] of lines.entries()) {
    if (index < next) continue;
    const field = keyAndValue(trimmed(line.text));
    if (field === undefined) {
      out.warnLeftOut(line);
      continue;
    }
    const { key, value } = field;
    const isList = value.startsWith('[');
    next = (isList ? (ends.get(index) ?? index) : index) + 1;
    const further = lines.slice(index + 1, next).map(({ text }) => trimmed(text));
    const text = isList
      ? settingsList(out, [value, ...further], line.number)
      : settingText(out, value, line.number);
    out.addEntry(key, key.replace(/[\s\x85\-()/#.]+/g, '_'), text, line.number);
  }
  return out.conversion();
}

function settingText(out: ConvertedText, value: string, line: number): string {
  return /^(?:true|false)$/i.test(value) ? value.toLowerCase() : out.value(value, line);
}
