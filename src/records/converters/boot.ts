import { BootBlocks } from './boot-blocks.ts';
import type { Conversion } from './conversion.ts';
import { ConvertedText } from './converted-text.ts';
import { printable } from './fhicl-text.ts';
import { parseDocument, parseValue } from './fhicl-values.ts';
import { foreignCharacterWarnings } from './foreign-characters.ts';
import { type Setting, settingsIn } from './setting-lines.ts';
import { isComment, readSource, trimmed } from './source-text.ts';

/**
 * `boot.txt` -> `boot.fcl`: the general keys, then subsystems and processes. A boot file can be FHiCL itself, which values
 * on several lines give away; then it stays as it is.
 */
export function convertBoot(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const lines = source.lines.filter((line) => !isComment(line));
  const settings = settingsIn(lines, /^[[{]/);
  if (settings.some(({ further }) => further.length > 0)) {
    const text = printable(
      source.lines
        .map((line) => line.text)
        .join('\n')
        .replace(/\n?$/, '\n'),
    );
    const warnings = [...source.warnings, ...foreignCharacterWarnings(source.lines)];
    if (parseDocument(text) !== undefined) return { text, warnings };
  }
  const out = new ConvertedText([...source.warnings, ...foreignCharacterWarnings(lines)]);
  const blocks = new BootBlocks();
  for (const setting of settings) take(setting, blocks, out);
  blocks.end();
  blocks.write(out);
  return out.conversion();
}

function take({ line, field, further }: Setting, blocks: BootBlocks, out: ConvertedText): void {
  if (field !== undefined) {
    if (further.length === 0 && blocks.take(field.key, field.value, line.number)) return;
    const key = field.key.replace(/[\s\x85]+/g, '_');
    const parts = [field.value, ...further.map(({ text }) => text)];
    out.addEntry(field.key, key, settingText(out, parts, line.number), line.number);
  } else if (trimmed(line.text) === '') {
    blocks.end();
  } else {
    out.warnLeftOut(line);
  }
}

/** A value on several lines is FHiCL, or else one text. */
function settingText(out: ConvertedText, parts: readonly string[], line: number): string {
  if (parts.length === 1) return out.value(parts.join(' '), line);
  const text = printable(parts.join('\n'));
  return parseValue(text) === undefined ? out.quoted(text, line) : text;
}
