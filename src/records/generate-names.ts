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
