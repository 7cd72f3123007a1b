import { convertBoot } from './boot.ts';
import type { Conversion } from './converted-text.ts';
import { convertEnvironment } from './environment.ts';
import { convertKnownBoardreadersList } from './known-boardreaders-list.ts';
import { convertMetadata } from './metadata.ts';
import { convertRanks } from './ranks.ts';
import { convertSettings } from './settings.ts';
import { convertSetup } from './setup.ts';

/** Text files of a run directory (`<name>.txt`) that have a converter to FHiCL. */
export const CONVERTED_NAMES = [
  'boot',
  'metadata',
  'known_boardreaders_list',
  'settings',
  'setup',
  'environment',
  'ranks',
] as const;

/** Documents that are made from `metadata.txt`. */
export const GENERATED_NAMES = ['RunHistory', 'RunHistory2'] as const;

/** Everything that `fhiclize_generate` can switch on or off. */
export const GENERATE_NAMES = [...CONVERTED_NAMES, ...GENERATED_NAMES] as const;

/** One of {@link CONVERTED_NAMES}. */
export type ConvertedName = (typeof CONVERTED_NAMES)[number];

/** One of {@link GENERATE_NAMES}. */
export type GenerateName = (typeof GENERATE_NAMES)[number];

/**
 * Turns one text file of a run record into FHiCL that artdaqDB accepts, whatever the bytes are
 * (documentation/FILE_FORMATS.md, "Converted files"). Never throws; warns of what it can't keep as it is.
 */
export type Converter = (bytes: Buffer) => Conversion;

/** `<name>.txt` of a run record -> `<name>.fcl`. */
export const CONVERTERS: Readonly<Record<ConvertedName, Converter>> = {
  boot: convertBoot,
  metadata: convertMetadata,
  known_boardreaders_list: convertKnownBoardreadersList,
  settings: convertSettings,
  setup: convertSetup,
  environment: convertEnvironment,
  ranks: convertRanks,
};
