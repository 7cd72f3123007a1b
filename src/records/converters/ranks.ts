import { type Conversion, ConvertedText, DistinctNames } from './converted-text.ts';
import { commentText, validKey } from './fhicl-text.ts';
import { isComment, readSource, type SourceLine, trimmed, words } from './source-text.ts';

/** The column of the rank since October 2019. Before, the rank was the last of four columns. */
const RANK_COLUMN = 4;
const FEWEST_COLUMNS = 4;
const INTEGER = /^-?\d+$/;

/** `ranks.txt` -> `ranks.fcl`: a table of rows named by their rank. */
export function convertRanks(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const lines = source.lines.filter((line) => !isComment(line) && trimmed(line.text) !== '');
  const out = new ConvertedText(source, lines);
  const [first, ...others] = lines;
  if (first === undefined) return out.conversion();
  const header = isRow(words(first.text)) ? undefined : new Header(first);
  out.add('ranks: {');
  if (header !== undefined) out.add(`  header: ${out.list(header.names, first.number)}`);
  const rows = header === undefined ? lines : others;
  const names = new DistinctNames();
  rows.forEach((line, index) => {
    const fields = header?.fieldsOf(line) ?? words(line.text);
    const rank = rankOf(fields, header);
    const wanted = rank === undefined ? `row${index + 1}` : `rank${rank}`;
    const name = names.claim(validKey(wanted, 'nested'));
    if (name !== wanted) {
      out.add(`  # ${commentText(wanted)}`);
      out.warn(line.number, `the key '${wanted}' is written as '${name}'`);
    }
    out.add(`  ${name}: ${out.list(fields, line.number)}`);
  });
  out.add('}');
  return out.conversion();
}

/** A first line with an integer in the rank's place is no header. */
function isRow(fields: readonly string[]): boolean {
  const rank = fields[RANK_COLUMN] ?? fields[FEWEST_COLUMNS - 1];
  return rank !== undefined && INTEGER.test(rank);
}

/** The field in the rank's column or, where that holds no integer, the last field. */
function rankOf(fields: readonly string[], header: Header | undefined): string | undefined {
  const stated = fields[header?.rankColumn ?? RANK_COLUMN];
  if (stated !== undefined && INTEGER.test(stated)) return stated;
  const last = fields.length >= FEWEST_COLUMNS ? fields.at(-1) : undefined;
  return last !== undefined && INTEGER.test(last) ? last : stated;
}

class Header {
  readonly names: readonly string[];
  /** The column of the rank, counted from 0. */
  readonly rankColumn: number;
  /** Where the columns start if they are aligned. */
  readonly #starts: readonly number[];

  constructor({ text }: SourceLine) {
    this.names = words(text);
    const rank = this.names.findIndex((name) => name.toLowerCase() === 'rank');
    this.rankColumn = rank === -1 ? RANK_COLUMN : rank;
    this.#starts = [...text.matchAll(/[^\s\x85]+/g)].map(({ index }) => index);
  }

  /** The fields of a row. If a row has more words than columns, the words below one aligned header are one field. */
  fieldsOf({ text }: SourceLine): string[] {
    const fields = words(text);
    if (fields.length <= this.names.length) return fields;
    const cells = this.#starts.map((start, column) => trimmed(text.slice(start, this.#starts[column + 1])));
    const aligned =
      trimmed(text.slice(0, this.#starts[0])) === '' &&
      this.#starts.every((start) => trimmed(text.slice(Math.max(0, start - 1), start)) === '');
    const whole = aligned && cells.every((cell) => cell !== '') && INTEGER.test(cells[this.rankColumn] ?? '');
    return whole ? cells : fields;
  }
}
