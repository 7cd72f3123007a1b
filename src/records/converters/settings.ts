import type { Conversion } from './conversion.ts';
import { ConvertedText } from './converted-text.ts';
import { foreignCharacterWarnings } from './foreign-characters.ts';
import { settingsIn } from './setting-lines.ts';
import { settingsList } from './settings-list.ts';
import { isComment, readSource, trimmed } from './source-text.ts';

/** `settings.txt` -> `settings.fcl`. */
export function convertSettings(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const lines = source.lines.filter((line) => !isComment(line) && trimmed(line.text) !== '');
  const out = new ConvertedText([...source.warnings, ...foreignCharacterWarnings(lines)]);
  for (const { line, field, further } of settingsIn(lines, /^\[/)) {
    if (field === undefined) {
      out.warnLeftOut(line);
      continue;
    }
    const { key, value } = field;
    const text = value.startsWith('[')
      ? settingsList(out, [value, ...further.map((each) => trimmed(each.text))], line.number)
      : settingText(out, value, line.number);
    out.addEntry(key, key.replace(/[\s\x85\-()/#.]+/g, '_'), text, line.number);
  }
  return out.conversion();
}

function settingText(out: ConvertedText, value: string, line: number): string {
  return /^(?:true|false)$/i.test(value) ? value.toLowerCase() : out.value(value, line);
}
