import { type Conversion, ConvertedText } from './converted-text.ts';
import { isComment, readSource, type SourceLine, trimmed } from './source-text.ts';

interface Variable {
  readonly name: string;
  /** Undefined if it is exported without a value. */
  readonly value: string | undefined;
  readonly line: number;
  readonly exported: boolean;
  /** Lines below that belong to the value: DAQInterface writes line ends of a value as they are. */
  readonly further: SourceLine[];
}

/** Holds the lines before the first variable. DAQInterface never writes such lines. */
const STRAY_LINES = 'other_lines';

/** `environment.txt` -> `environment.fcl`. */
export function convertEnvironment(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const out = new ConvertedText(source);
  const variables: Variable[] = [];
  const strays: SourceLine[] = [];
  for (const line of source.lines) {
    const previous = variables.at(-1);
    const variable = variableOf(line);
    if (variable !== undefined && (variable.exported || previous?.exported !== true))
      variables.push(variable);
    else (previous?.further ?? strays).push(line);
  }
  for (const variable of variables) {
    out.addEntry(variable.name, variable.name, textOf(out, variable), variable.line);
  }
  const stray = withoutFinalRemarks(out, strays);
  if (stray.length > 0) {
    const texts = stray.map((line) => out.quoted(line.text, line.number));
    out.addEntry(STRAY_LINES, STRAY_LINES, `[${texts.join(', ')}]`, stray[0]?.number);
    out.warn(stray[0]?.number, `no variable, kept in '${STRAY_LINES}'`);
  }
  return out.conversion();
}

function variableOf(line: SourceLine): Variable | undefined {
  if (isComment(line)) return undefined;
  const exported = /^[\s\x85]*export[\s\x85]+(.*)$/s.exec(line.text)?.[1];
  const assignment = /^([^\s\x85="'$]+)[\s\x85]*=(.*)$/s.exec(exported ?? trimmed(line.text));
  const bare = /^([A-Za-z_]\w*)$/.exec(trimmed(exported ?? ''));
  const [, name, value] = assignment ?? bare ?? [];
  if (name === undefined) return undefined;
  return { name, value, line: line.number, exported: exported !== undefined, further: [] };
}

function textOf(out: ConvertedText, { value, line, further }: Variable): string {
  const lines = withoutFinalRemarks(out, further);
  if (lines.length === 0)
    return value === undefined ? '@nil' : out.quoted(withoutPairedQuotes(trimmed(value)), line);
  return out.quoted([value ?? '', ...lines.map((each) => each.text)].join('\n'), line);
}

/** Remarks and blank lines belong to a text only if more of it comes after them. */
function withoutFinalRemarks(out: ConvertedText, lines: readonly SourceLine[]): readonly SourceLine[] {
  const end = lines.findLastIndex((line) => !isComment(line) && trimmed(line.text) !== '') + 1;
  for (const line of lines.slice(end)) {
    if (isComment(line)) out.warn(line.number, `remark left out: ${trimmed(line.text)}`);
  }
  return lines.slice(0, end);
}

/** The text without the quotes that enclose all of it, even several pairs of them. */
function withoutPairedQuotes(text: string): string {
  const inner = /^(?:"([^"]*)"|'([^']*)')$/.exec(text);
  if (inner === null) return text;
  return withoutPairedQuotes(inner[1] ?? inner[2] ?? '');
}
