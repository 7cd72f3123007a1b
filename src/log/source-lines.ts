import { readFileSync } from 'node:fs';
import type { SourceMap } from 'node:module';
import { fileURLToPath, URL } from 'node:url';

const PLACE = /(?<=[ (])(\/[^\n]*?\.cjs):(\d+):(\d+)/g;

/**
 * A stack trace that names lines of the sources in place of those of the built program. Only traces that are shown are worth the
 * time: the maps are large, and streams ask each error for its trace.
 */
export function withSourceLines(trace: string): string {
  // Once built, all of the program is where this module is, with its source maps.
  const directory = fileURLToPath(new URL('./', import.meta.url));
  const maps = new Map<string, SourceMap>();
  // Loaded late, so that starts don't wait for it.
  const module = process.getBuiltinModule('node:module');
  const mapOf = (file: string): SourceMap => {
    const map = maps.get(file) ?? new module.SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    maps.set(file, map);
    return map;
  };
  const sourceLine = (place: string, file: string, line: string, column: string): string => {
    if (!file.startsWith(directory)) return place;
    const origin = mapOf(file).findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in origin)) return place;
    const source = fileURLToPath(new URL(origin.originalSource, import.meta.url));
    return `${source}:${origin.originalLine + 1}:${origin.originalColumn + 1}`;
  };
  try {
    return trace.replace(PLACE, sourceLine);
  } catch {
    // Whatever keeps a map from being read, such as too many open files, must not hide the error that is to be shown.
    return trace;
  }
}
