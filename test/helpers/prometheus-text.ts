/** One sample of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const number = '[-+]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?|NaN|[-+]?Inf';
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const sampleLine = new RegExp(
  `^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{((?:${label})(?:,${label})*)\\})? (${number})$`,
);
const headLine = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;

/**
 * Reads Prometheus' text format 0.0.4 as its textfile collector and `promtool check metrics` want it, of gauges without time
 * stamps: HELP, then TYPE, then the samples of that metric, each metric and each sample once.
 */
export function parsePrometheusText(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const samples: Sample[] = [];
  const [helped, typed, seen] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, headName = '', content = ''] = headLine.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (helped.has(headName)) throw new Error(`second HELP: ${line}`);
      helped.add(headName);
      current = headName;
    } else if (keyword === 'TYPE') {
      if (typed.has(headName) || headName !== current || content !== 'gauge')
        throw new Error(`TYPE: ${line}`);
      typed.add(headName);
    } else {
      const [, name = '', labelText = '', value = ''] = sampleLine.exec(line) ?? [];
      if (name === '' || name !== current || !typed.has(name)) throw new Error(`sample: ${line}`);
      if (seen.has(`${name}{${labelText}}`)) throw new Error(`twice: ${line}`);
      seen.add(`${name}{${labelText}}`);
      const labels = [...labelText.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)].map(
        ([, key = '', is = '']) => [
          key,
          is.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character)),
        ],
      );
      samples.push({ name, labels: Object.fromEntries(labels), value: Number(value) });
    }
  }
  return samples;
}
