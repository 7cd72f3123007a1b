import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

type Tool = 'bulkloader' | 'bulkdownloader';

/** What goes wrong in the next execution of a tool; stand-in-tools/faults.mjs explains each. */
export interface ToolFaults {
  readonly always?: boolean;
  readonly lose?: string;
  readonly fail?: string;
  readonly alter?: string;
  readonly twice?: string;
  readonly cut?: string;
  readonly add?: string;
  readonly noise?: number;
  readonly says?: string;
  readonly code?: number;
  readonly at?: number;
  readonly signal?: NodeJS.Signals;
  readonly hang?: 'plain' | 'stubborn' | 'grandchild';
  readonly pause?: boolean;
  readonly skip?: number;
}

/** One execution of a stand-in. */
export interface NotedCall {
  readonly tool: Tool;
  readonly run: string;
  readonly config: string;
  readonly path: string;
  readonly threads: string;
  readonly uri: string;
  readonly libraries: string;
  readonly searched: string;
  readonly mode: number;
  readonly files: readonly string[];
}

const PAUSE_MS = 5;
const LONGEST_WAIT_MS = 30_000;

/** A directory with stand-ins for bulkloader and bulkdownloader. They use the compiled sources. */
export class StandInTools {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    for (const tool of ['bulkloader', 'bulkdownloader']) {
      const module = pathToFileURL(join(import.meta.dirname, 'stand-in-tools', `${tool}.mjs`)).href;
      const script = `import(${JSON.stringify(module)}).then(({ main }) => main(__dirname, process.argv.slice(2)));\n`;
      writeFileSync(join(directory, tool), `#!${process.execPath}\n${script}`, { mode: 0o755 });
    }
  }

  /** Makes the next execution of a tool go wrong. */
  spoil(tool: Tool, faults: ToolFaults): void {
    writeFileSync(join(this.directory, `${tool}.json`), JSON.stringify(faults));
  }

  /** All executions so far. */
  calls(): NotedCall[] {
    const path = join(this.directory, 'calls.jsonl');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  /** Waits for a stand-in that was told to pause or hang, or for its grandchild; gives the process id. */
  async reached(state: 'paused' | 'hanging' | 'grandchild'): Promise<number> {
    const path = join(this.directory, state);
    for (let waited = 0; waited < LONGEST_WAIT_MS; waited += PAUSE_MS) {
      const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
      if (pid > 0) return pid;
      await wait(PAUSE_MS);
    }
    throw new Error(`No stand-in is ${state}`);
  }

  /** Lets a paused stand-in go on. */
  resume(): void {
    writeFileSync(join(this.directory, 'go'), '');
  }

  /** The next `reached` and `resume` are about the next pause. */
  forget(): void {
    for (const name of ['paused', 'hanging', 'grandchild', 'go'])
      rmSync(join(this.directory, name), { force: true });
  }
}
