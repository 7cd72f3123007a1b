import type { CommandDescription } from '../../src/cli/description.ts';
import type { Flag } from '../../src/cli/flags.ts';

/** What a manual page says besides how a command is used. */
export interface ManPageFacts {
  readonly version: string;
  /** Of the sources, such as `2026-12-01`; undefined if nobody knows. */
  readonly date: string | undefined;
}

/** The manual page of a command, for section 1, in the macros of man(7). */
export function manPage(command: CommandDescription, { version, date = '' }: ManPageFacts): string {
  const { name, summary, argument, groups, texts } = command;
  const [purpose = '', ...more] = summary.split(/(?<=\.) /);
  const short = purpose.replace(/\.$/, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase());
  const lines = [
    `.TH ${name.toUpperCase()} 1 "${date}" "${name} ${version}"`,
    // Neither hyphens in flags nor wide gaps.
    '.nh',
    '.ad l',
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(short)}`,
    '.SH SYNOPSIS',
    `.B ${escaped(name)}`,
    `.RI [ option "\\ ...] [" ${argument.name} ]`,
    '.SH DESCRIPTION',
    ...more.map(escaped),
    '.TP',
    `.I ${argument.name}`,
    `${escaped(argument.description)} (default: ${escaped(argument.byDefault)})`,
    ...groups.flatMap(({ heading, flags }) => [
      `.SH ${heading.replace(/:$/, '').toUpperCase()}`,
      ...flags.flatMap(flagLines),
    ]),
    ...texts.flatMap(tableLines),
    '.SH SEE ALSO',
    'The directory',
    '.I documentation',
    'of the installation, and the comments in',
    `.IR config.yaml.template .`,
  ];
  return `${lines.join('\n')}\n`;
}

function flagLines({ flags, description }: Flag): string[] {
  const [names = '', value] = flags.split(/ (?=<)/);
  const bold = `\\fB${escaped(names).replaceAll(', ', '\\fR, \\fB')}\\fR`;
  const italic = value === undefined ? '' : ` \\fI${escaped(value.slice(1, -1))}\\fR`;
  return ['.TP', bold + italic, escaped(description)];
}

/** A text with a heading, and with lines of a term, at least two blanks, and what it is. */
function tableLines(text: string): string[] {
  const [heading = '', ...rows] = text.trim().split('\n');
  return [
    `.SH ${heading}`,
    ...rows.flatMap((row) => {
      const [, term, meaning] = /^ *(\S+) {2,}(.*)$/.exec(row) ?? [];
      if (term === undefined || meaning === undefined) throw new Error(`no line of a table: ${row}`);
      return ['.TP', `.B ${escaped(term)}`, escaped(meaning)];
    }),
  ];
}

/** A text that roff takes as it is. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&');
}
