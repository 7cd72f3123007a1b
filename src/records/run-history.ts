import type { RunNumber } from '../runs/run-number.ts';
import { isConfigName } from './config-name.ts';
import { type Conversion, ConvertedText } from './converters/converted-text.ts';
import { componentsIn, fieldOf, isComponent } from './converters/metadata.ts';
import { readSource } from './converters/source-text.ts';

const TIME = /^[\s\x85]*DAQInterface (start|stop) time[\s\x85]*:(.*)$/s;

/** Makes `RunHistory.fcl`: the run's number, configuration name and components. */
export function runHistory(run: RunNumber, metadata: Buffer): Conversion {
  const source = readSource(metadata);
  const names = source.lines.filter(isConfigName);
  const components = source.lines.filter((line) => {
    const field = fieldOf(line);
    return field !== undefined && isComponent(field) && field.value !== '';
  });
  const out = new ConvertedText(source, [...names, ...components]);
  out.addEntry('run_number', 'run_number', String(run), undefined);
  out.add('');
  names.forEach((line, index) => {
    const value = fieldOf(line)?.value ?? '';
    out.addEntry('Config name', 'config_name', out.text(value, line.number), line.number, index > 0);
    out.add('');
  });
  if (components.length > 0) {
    const line = components[0]?.number;
    out.addEntry('components', 'components', out.list(componentsIn(components), line), line);
    out.add('');
  }
  return out.conversion();
}

/** Makes `RunHistory2.fcl`: start and stop times, in the order of the file. Undefined if there are none. */
export function runHistory2(metadata: Buffer): Conversion | undefined {
  const source = readSource(metadata);
  const times = source.lines.filter(({ text }) => timeOf(text) !== undefined);
  if (times.length === 0) return undefined;
  const out = new ConvertedText(source, times);
  for (const { number, text } of times) {
    const time = timeOf(text);
    if (time === undefined) continue;
    const key = `DAQInterface_${time.event}_time`;
    out.addEntry(key, key, out.text(time.value, number), number);
  }
  return out.conversion('');
}

function timeOf(text: string): { event: string; value: string } | undefined {
  const [, event, rest = ''] = TIME.exec(text) ?? [];
  return event === undefined || rest === '' ? undefined : { event, value: rest.replace(/^[\s\x85]+/, '') };
}
