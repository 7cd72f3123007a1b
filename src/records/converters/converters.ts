import type { ConvertedName } from '../generate-names.ts';
import { convertBoot } from './boot.ts';
import type { Converter } from './conversion.ts';
import { convertEnvironment } from './environment.ts';
import { convertKnownBoardreadersList } from './known-boardreaders-list.ts';
import { convertMetadata } from './metadata.ts';
import { convertRanks } from './ranks.ts';
import { convertSettings } from './settings.ts';
import { convertSetup } from './setup.ts';

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
