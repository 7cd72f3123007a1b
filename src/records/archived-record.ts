import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { parseFhicl } from '../fhicl/parse.ts';
import type { Value } from '../fhicl/tree.ts';
import { DEFAULT_CONFIG, nameInArtdaqDb } from './config-name.ts';
import { HISTORY2_FILE } from './prepare.ts';
import { eventsInHistory, lacksStop, type MissingTimes } from './run-times.ts';

/** What an import made of metadata.txt; the first that states a name counts. */
const NAMING_FILES = ['RunHistory.fcl', 'metadata.fcl'];
const NAME_KEY = /^config_name(?:_\d+)?$/;
/** Of a time of which an import makes RunHistory2. */
const CURRENT_TIME = /^daqinterface_(?:start|stop)_time$/;
/** Until March 2019. */
const FORMER_TIME = /^(?:Start|Stop)_time$/;

/**
 * The configuration name that an import gave a run, as far as its archived files tell.
 * @throws FhiclError if a file that could tell it is not FHiCL
 */
export function archivedConfigName(files: readonly FhiclFile[]): string {
  for (const name of NAMING_FILES) {
    const stated = entriesOf(name, files)
      .filter(({ key }) => NAME_KEY.test(key))
      .map(({ value }) => textOf(value))
      .find((text) => text.trim() !== '');
    if (stated !== undefined) return nameInArtdaqDb(stated.trim());
  }
  return DEFAULT_CONFIG;
}

/**
 * The times that an archived run lacks and may still get, as the import noted them. A run without RunHistory2 whose metadata.fcl
 * holds what that document is made of was archived without it on purpose: it gets none.
 * @throws FhiclError if a file that could tell it is not FHiCL
 */
export function archivedMissingTimes(files: readonly FhiclFile[]): MissingTimes {
  const history = files.find(({ name }) => name === HISTORY2_FILE);
  if (history !== undefined) {
    const events = history.text === '' ? [] : eventsInHistory(history.text);
    return { stop: events !== undefined && lacksStop(events), all: false };
  }
  const times = entriesOf('metadata.fcl', files).filter(({ value }) => textOf(value).trim() !== '');
  if (times.some(({ key }) => CURRENT_TIME.test(key))) return { stop: false, all: false };
  const former = times.filter(({ key }) => FORMER_TIME.test(key));
  const events = former.map(({ key, value }) => {
    const event = key === 'Stop_time' ? 'stop' : 'start';
    return { event, time: textOf(value).trim() } as const;
  });
  return { stop: lacksStop(events), all: lacksStop(events) };
}

function entriesOf(name: string, files: readonly FhiclFile[]) {
  const text = files.find((file) => file.name === name)?.text ?? '';
  return text === '' ? [] : parseFhicl(text, name).main;
}

/** The text that a scalar stands for; empty for other values. */
function textOf(value: Value): string {
  if (value.type === 'table' || value.type === 'sequence') return '';
  if (value.type !== 'string_doublequoted') return value.text;
  return value.text.replace(/\\(.)/gs, (_escape, character: string) => ESCAPED[character] ?? character);
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t' };
