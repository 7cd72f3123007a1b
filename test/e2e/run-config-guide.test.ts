import { EventEmitter } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { readFlags } from '../../tools/run-config/flags.ts';
import { LEFT_OUT } from '../../tools/run-config/left-out.ts';
import { runConfig } from '../../tools/run-config/run-config.ts';
import { caughtStream } from '../helpers/archiver-here.ts';
import { readDocuments } from '../helpers/documents.ts';
import { useSite } from '../helpers/use-site.ts';

const [FIRST, CHANGED, LAST] = [5075, 5081, 5090];
const { site, run } = useSite({ app: { batch_size: 20 } }, 'file');
const guide = readDocuments().find(({ path }) => path === 'documentation/RUN_CONFIG.md');

function filesOf(number: number): Record<string, string> {
  const isChanged = number >= CHANGED;
  const reader = isChanged ? 'component03' : 'component02';
  const level = isChanged ? (number >= 5085 ? 2 : 4) : 1;
  const builders = isChanged ? ['EventBuilder1', 'EventBuilder2'] : ['EventBuilder1'];
  const boot = builders.map(
    (label, i) =>
      `EventBuilder host: evb0${i + 1}\nEventBuilder label: ${label}\nEventBuilder port: ${5000 + number}\n`,
  );
  const builder = (label: string) => `daq: {\n  label: "${label}"\n  use_art: true\n}\n`;
  return {
    'metadata.txt': `Config name: physics00037\nComponent #0: component01\nComponent #1: ${reader}\n\nDAQInterface start time: Thu Oct 24 15:${number - 5050}:00 UTC 2024\n`,
    'boot.txt': `debug level: ${level}\n\n${boot.join('\n')}`,
    'setup.txt': `#!/bin/bash\nsource /daq/products/setup\nsetup artdaq ${isChanged ? 'v3_13_00' : 'v3_12_00'}\n`,
    'component01.fcl': `daq: {\n  fragment_receiver: {\n    gain: ${isChanged ? 14 : 12}\n    masks: [0x0F, 0xF0${isChanged ? ', 0xFF' : ''}]\n    mode: "window"\n  }\n}\n`,
    [`${reader}.fcl`]: 'daq: {\n  fragment_receiver: {\n    rate: 1\n  }\n}\n',
    ...Object.fromEntries(builders.map((label) => [`${label}.fcl`, builder(label)])),
  };
}

beforeAll(async () => {
  for (let number = FIRST; number <= LAST; number++) site.addRun(number, filesOf(number));
  expect((await run('--import-only')).code).toBe(0);
});

/** What a command of the guide prints. */
async function printed(command: string): Promise<string> {
  const words = (command.match(/(?:[^\s']|'[^']*')+/g) ?? []).map((word) => word.replaceAll("'", ''));
  const argv = words.slice(1).map((word) => (word.endsWith('.yaml') ? site.config : word));
  const stdout = caughtStream();
  await runConfig(readFlags(argv), {
    env: process.env,
    stdout,
    stderr: stdout,
    process: new EventEmitter(),
    exit: () => expect.unreachable(),
    now: () => new Date(),
    sleep: async () => undefined,
  });
  return stdout.text;
}

describe('the guide to run-config', () => {
  const blocks = guide?.blocks.filter(({ language }) => language === 'console') ?? [];
  const samples = blocks.flatMap(({ text }) => text.split(/^\$ /m).slice(1));

  it('shows what its commands print', async () => {
    expect(samples.length).toBeGreaterThan(5);
    for (const sample of samples) {
      const [command = ''] = sample.split('\n');
      expect(`${command}\n${await printed(command)}`).toBe(sample);
    }
  });

  it('lists all that is left out, and why', () => {
    const rows = [...(guide?.text.matchAll(/^\| `([^`]+:[^`]+)`(.*) \| (.*) \|$/gm) ?? [])];
    const listed = rows.map(([, pattern, value, reason]) => [pattern, value !== '', reason]);
    expect(listed).toEqual(
      LEFT_OUT.map(({ pattern, value, reason }) => [pattern, value !== undefined, reason]),
    );
  });

  it('quotes a message as it is', async () => {
    const quoted = /`(None of the runs [^`]*)`/.exec(guide?.text ?? '')?.[1]?.replace(/\s+/g, ' ');
    await expect(printed('run-config config.yaml find boot.fcl:debug_levl')).rejects.toThrow(
      quoted ?? 'no quote',
    );
  });
});
