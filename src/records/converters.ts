import { convertBoot } from './converters/boot.ts';
import type { Converter } from './converters/conversion.ts';
import { convertEnvironment } from './converters/environment.ts';
import { convertKnownBoardreadersList } from './converters/known-boardreaders-list.ts';
import { convertMetadata } from './converters/metadata.ts';
import { convertRanks } from './converters/ranks.ts';
import { convertSettings } from './converters/settings.ts';
import { convertSetup } from './converters/setup.ts';
import type { ConvertedName } from './generate-names.ts';

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
