import type { Command } from 'commander';
import { RunSet } from '../runs/run-set.ts';

/** Which runs a mode works on, of those that it finds. */
export interface Selection {
  /** Only these runs; all if absent. */
  readonly runs: RunSet | undefined;
  /** At most so many, in place of the configured batch size. */
  readonly limit: number | undefined;
}

/** The flags that a command line gives, by name. */
export class GivenFlags {
  readonly #command: Command;
  /** Those without a value as `true`. */
  readonly #values: ReadonlyMap<string, string>;

  constructor(command: Command) {
    this.#command = command;
    const given = command.options.filter(
      (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
    );
    this.#values = new Map(
      given.map((option) => [option.long ?? '', String(command.getOptionValue(option.attributeName()))]),
    );
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of a flag, or undefined without it. */
  value(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** The value of a flag that needs a whole number above zero. */
  wholeNumber(name: string): number | undefined {
    const text = this.value(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!/^[0-9]+$/.test(text) || number < 1 || !Number.isSafeInteger(number)) {
      this.refuse(`${name} needs a whole number above zero, not '${text}'`);
    }
    return number;
  }

  /** The runs of a flag. */
  runs(name = '--runs'): RunSet | undefined {
    const text = this.value(name);
    if (text === undefined) return undefined;
    const runs = RunSet.fromTexts(text.split(',').map((part) => part.trim()));
    return runs ?? this.refuse(`${name} needs run numbers and ranges such as 100-120,130, not '${text}'`);
  }

  /** What `--runs` and `--limit` select. */
  selection(): Selection {
    return { runs: this.runs(), limit: this.wholeNumber('--limit') };
  }

  /** Ends the reading of a command line that contradicts itself or has a wrong value. */
  refuse(message: string): never {
    return this.#command.error(`error: ${message}`);
  }
}
