import { type Conversion, ConvertedText } from './converted-text.ts';
import { readSource } from './source-text.ts';

/** `setup.txt`, a shell script -> `setup.fcl`: one text whose lines end in LF. */
export function convertSetup(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const { text, lines } = source;
  const out = new ConvertedText(source);
  const carriageReturn = text.indexOf('\r');
  if (carriageReturn !== -1) {
    const line = text.slice(0, carriageReturn).split('\n').length;
    out.warn(line, 'from here on, line ends with carriage returns are written as LF');
  }
  const script = lines.map((line) => line.text).join('\n');
  out.addEntry('setup_script', 'setup_script', out.quoted(script, lines.length, '\n'), undefined);
  return out.conversion('');
}
