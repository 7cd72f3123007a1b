import type { Check } from './check.ts';

/** What the program itself runs on and was given. */
export interface ProgramFacts {
  /** Of this program. */
  readonly version: string;
  /** Of Node, such as `v20.19.0`. */
  readonly node: string;
  readonly configPath: string;
  /** What loading the configuration warned of. */
  readonly warnings: readonly string[];
}

/** The checks of the program and of the configuration file, which was read already. */
export function programChecks({ version, node, configPath, warnings }: ProgramFacts): Check[] {
  return [
    {
      name: 'program',
      subject: `run-archiver ${version}`,
      look: async () => ({ text: `runs on Node ${node}` }),
    },
    {
      name: 'configuration',
      subject: `configuration ${configPath}`,
      look: async () => ({ text: warnings.length === 0 ? 'nothing to object to' : '', warnings }),
    },
  ];
}
