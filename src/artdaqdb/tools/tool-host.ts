import type { Place } from '../../errors.ts';
import type { RunNumber } from '../../runs/run-number.ts';

/** The programs of artdaq_database that store and export whole runs. */
export const TOOLS = ['bulkloader', 'bulkdownloader'] as const;

/** One of them. */
export type Tool = (typeof TOOLS)[number];

/** What a tool says that the site must put right. */
export interface SiteTrouble {
  /** What is wrong and what to do. */
  readonly text: string;
  readonly retryable: boolean;
  /** Where, if not in the database. */
  readonly place: Place | undefined;
}

/** A database as the tools see it. */
export interface ToolDatabase {
  /** The value of ARTDAQ_DATABASE_URI. */
  readonly databaseUri: string;
  /** May bulkloader store several documents at once? Then it gets half of the processors. */
  readonly takesThreads: boolean;
  /** Removes the URI's secrets from a tool's output. */
  readonly hide: (text: string) => string;
}

/** One execution of a tool. */
export interface ToolCall {
  readonly tool: Tool;
  readonly run: RunNumber;
  /** Configuration name without run. */
  readonly config: string;
  /** Directory on this machine: bulkloader stores what is in it, bulkdownloader fills it. */
  readonly directory: string;
}

/** A machine on which the tools run: this one, or another over ssh. */
export interface ToolHost {
  /**
   * Looks for the programs.
   * @throws ConfigurationError naming what is missing and where it was looked for
   * @throws ArtdaqDbError (retryable) if the machine can't be asked
   */
  check(): Promise<void>;

  /**
   * Looks for the programs, and lets each print its help text, for which its shared libraries must load. Nothing is stored.
   * @param limitSeconds that a program, or a connection, may take
   * @returns where they were found
   * @throws as {@link check} does, and ConfigurationError if a program can't be started
   */
  tryOut(limitSeconds: number): Promise<string>;

  /**
   * Runs a tool to its end. Its output goes to the log (DEBUG). An exit code of 0 proves little: the caller compares what is
   * stored or exported.
   * @returns what the tool complained of although it succeeded: the reason if anything turns out to be missing
   * @throws ArtdaqDbError saying what the exit code means, with the output, if the tool fails, hangs or is killed
   */
  run(call: ToolCall): Promise<SiteTrouble | undefined>;
}
