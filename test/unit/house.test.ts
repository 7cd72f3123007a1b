import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The rooms of `src` from the roof to the ground: what stands in a line imports only from lines below it. A room is a folder or
 * a file of `src` itself. documentation/ARCHITECTURE.md says what each is for.
 */
const ORDER = [
  'main',
  'execute',
  'orchestrator',
  'modes',
  'report',
  'checks',
  'site',
  'notify metrics setup',
  'stages',
  'config state',
  'artdaqdb',
  'signals lock records ucondb',
  'blob log net',
  'cli fhicl files',
  'exit',
  'errors',
  'system-error installation environment shown-text runs',
].map((line) => line.split(' '));

/** What touches the world: pure rooms import none of it. */
const WORLD = /^node:(fs|net|http|https|tls|dns|child_process|os|process|timers|worker_threads)(\/|$)/;
const PURE = /^(fhicl|blob|runs|records\/converters)\/|^config\/expand\.ts$/;

const source = resolve(import.meta.dirname, '../../src');
const files = sourcesBelow(source);
const texts = new Map(files.map((file) => [file, readFileSync(join(source, file), 'utf8')]));
/** What each file imports: paths below `src`, or names of packages. */
const imports = new Map([...texts].map(([file, text]) => [file, importsOf(file, text)]));

function sourcesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
}

function importsOf(file: string, text: string): readonly string[] {
  return [...text.matchAll(/(?:^import|^export|\bfrom|\bimport\()\s*'([^']+)'/gm)].map(([, name = '']) =>
    name.startsWith('.') ? normalize(join(dirname(file), name)) : name,
  );
}

function roomOf(path: string): string {
  return (path.split('/')[0] ?? '').replace(/\.ts$/, '');
}

function rankOf(path: string): number {
  return ORDER.findIndex((line) => line.includes(roomOf(path)));
}

function arrows(isWrong: (from: string, to: string) => boolean): readonly string[] {
  return [...imports].flatMap(([from, targets]) =>
    targets.filter((to) => isWrong(from, to)).map((to) => `${from} -> ${to}`),
  );
}

describe('the house', () => {
  it('has a place in the order for each room', () => {
    expect(files.filter((file) => rankOf(file) === -1)).toEqual([]);
    expect(ORDER.flat().filter((room) => !files.some((file) => roomOf(file) === room))).toEqual([]);
  });

  it('has no arrow that runs upward or sideways between rooms', () => {
    const isWrong = (from: string, to: string) =>
      imports.has(to) && roomOf(from) !== roomOf(to) && rankOf(from) >= rankOf(to);
    expect(arrows(isWrong)).toEqual([]);
  });

  it('imports nothing from outside src but packages', () => {
    expect(arrows((_, to) => to.startsWith('..'))).toEqual([]);
  });

  it('has no circle of files', () => {
    expect(circles()).toEqual([]);
  });

  it('keeps formats pure: they import nothing that touches the world', () => {
    expect(arrows((from, to) => PURE.test(from) && WORLD.test(to))).toEqual([]);
  });

  it('has one room that knows pino, and none that reads the environment of the process', () => {
    expect(arrows((from, to) => to === 'pino' && roomOf(from) !== 'log')).toEqual([]);
    expect(files.filter((file) => /\bprocess\.env\b(?!`)/.test(texts.get(file) ?? ''))).toEqual([]);
  });

  it('gives each exported type a name of its own, in src and tools', () => {
    const tools = resolve(source, '../tools');
    const all = [
      ...texts.values(),
      ...sourcesBelow(tools).map((file) => readFileSync(join(tools, file), 'utf8')),
    ];
    const names = all.flatMap((text) =>
      [...text.matchAll(/^export (?:abstract )?(?:class|interface|type) (\w+)/gm)].map(([, name]) => name),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

/** The groups of files that import each other in a circle. */
function circles(): readonly (readonly string[])[] {
  const reaches = new Map([...imports.keys()].map((file) => [file, reachableFrom(file)]));
  const inCircle = files.filter((file) => reaches.get(file)?.has(file));
  const groups = inCircle.map((file) =>
    inCircle.filter((other) => reaches.get(file)?.has(other) && reaches.get(other)?.has(file)).sort(),
  );
  return [...new Map(groups.map((group) => [group.join(), group])).values()];
}

function reachableFrom(file: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const next = [...(imports.get(file) ?? [])];
  for (let target = next.pop(); target !== undefined; target = next.pop()) {
    if (reached.has(target)) continue;
    reached.add(target);
    next.push(...(imports.get(target) ?? []));
  }
  return reached;
}
