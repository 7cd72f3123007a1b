import { ArtdaqDbError, ConfigurationError, type ErrorFault, messageOf, type Place } from '../../errors.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { errorCode } from '../../system-error.ts';
import type { ChildEnd } from './child-process.ts';
import type { Tool } from './site-trouble.ts';
import { detailsOf, type SiteTrouble, siteTroubleIn } from './site-trouble.ts';

/** A tool's end, and what it was about. */
export interface ToolEnd extends ChildEnd {
  readonly tool: Tool;
  readonly run: RunNumber;
  /** Where it ran, for messages: a program's path, or a host as well. */
  readonly place: string;
  /** Where the files are that it reads or exports. */
  readonly home: Place;
  readonly timeoutMs: number;
}

interface Meaning {
  readonly text: string;
  /** May the same succeed a little later? */
  readonly retryable: boolean;
  readonly fault: ErrorFault;
}

const SHORTAGES: ReadonlySet<string | undefined> = new Set([
  'EAGAIN',
  'ENOMEM',
  'EMFILE',
  'ENFILE',
  'ETXTBSY',
]);
export const SHORTAGE_ADVICE =
  'the machine is short of processes, memory or files, or the program is just being replaced';
/** What a message shows of the output; the log has more of it. */
const SHOWN_CHARACTERS = 2000;

const lasting = (text: string): Meaning => ({ text, retryable: false, fault: 'unknown' });
const passing = (text: string): Meaning => ({ text, retryable: true, fault: 'unknown' });
const unfit = (text: string): Meaning => ({ text, retryable: false, fault: 'site' });

const usage = (what: string): Meaning =>
  lasting(
    `it refused its arguments (${what}); check that it is the program of artdaq_database v1_10, and that a wrapper script hands all arguments on`,
  );

/** Exit codes that mean the same for both tools (documentation/ARTDAQDB_TOOLS.md, "When a tool fails"). */
const CODES: ReadonlyMap<number, Meaning> = new Map([
  [126, unfit('it can not be executed; check its permissions, and that it is built for this system')],
  [
    127,
    unfit(
      'it, or a shared library that it needs, was not found; put the libraries beside the program into lib/, or name their directory in LD_LIBRARY_PATH',
    ),
  ],
  [128, usage('it does not know one of them, or a value is missing')],
  [129, usage('no path')],
  [130, usage('no configuration name')],
  [131, usage('no run number')],
  [
    144,
    passing(
      'it ended on an exception of its own; look in its output for a database that it can not reach, read or write',
    ),
  ],
]);

const SIGNALS: ReadonlyMap<string, Meaning> = new Map([
  ['SIGABRT', passing('it aborted on an internal error')],
  [
    'SIGFPE',
    lasting(
      'it divided by zero, as it does when it finds no file to load or is given no thread to work with',
    ),
  ],
  ['SIGSEGV', passing('it crashed')],
  ['SIGBUS', passing('it crashed')],
  ['SIGKILL', passing('it was killed, by an operator or because the machine ran out of memory')],
  ['SIGTERM', passing('it was ended from outside')],
  ['SIGINT', passing('it was ended from outside')],
  ['SIGHUP', passing('it was ended from outside')],
]);

/** A shell reports a program that a signal killed by 128 and the signal's number. */
const SHELL_SIGNALS: ReadonlyMap<number, string> = new Map([
  [134, 'SIGABRT'],
  [135, 'SIGBUS'],
  [136, 'SIGFPE'],
  [137, 'SIGKILL'],
  [139, 'SIGSEGV'],
  [141, 'SIGPIPE'],
  [143, 'SIGTERM'],
]);

/** The error for a tool that did not end well: what its exit code means, what to do, and what it printed last. */
export function toolFailure(end: ToolEnd): ArtdaqDbError | undefined {
  if (end.code === 0 && !end.timedOut) return undefined;
  const trouble = troubleOf(end);
  const { text, retryable, fault } = { ...meaningOf(end), ...(end.timedOut ? undefined : trouble) };
  const purpose = end.tool === 'bulkloader' ? 'storing' : 'exporting';
  return new ArtdaqDbError(
    `${end.tool} (${end.place}) failed while ${purpose} run ${end.run}, with ${howItEnded(end)}: ${text}${outputOf(end)}`,
    { run: end.run, retryable, fault, ...detailsOf(trouble) },
  );
}

/** What the site has to put right, as the tool printed, however it ended. */
export function troubleOf({ tool, stdout, stderr, home }: ToolEnd): SiteTrouble | undefined {
  return siteTroubleIn(`${stdout}\n${stderr}`, tool, home);
}

/**
 * The error for a tool that was asked for its help text and did not come so far; the text itself ends with exit code 1, and
 * with another one where a script stands before the program.
 */
export function helpFailure(
  tool: Tool,
  place: string,
  end: ChildEnd,
  limitSeconds: number,
): ConfigurationError | undefined {
  const { code, signal, timedOut } = end;
  const signalName = signal ?? SHELL_SIGNALS.get(code ?? 0);
  if (!timedOut && signalName === undefined && code !== 126 && code !== 127) return undefined;
  const meaning = signalName === undefined ? CODES.get(code ?? 0) : SIGNALS.get(signalName);
  const reason = timedOut
    ? `it did not end within ${limitSeconds} s`
    : (meaning?.text ?? 'look in its output');
  return new ConfigurationError(
    `artdaq_db.use_tools: ${tool} (${place}) can't be used; asked for its help text, it ended with ${howItEnded(end)}: ${reason}${outputOf(end)}`,
  );
}

/** Can a program not be started just now? */
export function isShortage(error: unknown): boolean {
  return SHORTAGES.has(errorCode(error));
}

/** The error for a tool that the system could not start. */
export function startFailure(error: unknown, tool: Tool, place: string, run: RunNumber): ArtdaqDbError {
  const retryable = isShortage(error);
  const advice = retryable
    ? SHORTAGE_ADVICE
    : 'check that the file is still there, executable, and built for this system';
  return new ArtdaqDbError(
    `${tool} (${place}) could not be started for run ${run}: ${messageOf(error)}; ${advice}`,
    { run, retryable, fault: 'site', cause: error },
  );
}

function meaningOf({ tool, code, signal, timedOut, timeoutMs }: ToolEnd): Meaning {
  if (timedOut) {
    return passing(
      `it was ended after ${timeoutMs / 1000} s; look in its output for a database that does not answer`,
    );
  }
  const signalName = signal ?? SHELL_SIGNALS.get(code ?? 0);
  if (signalName !== undefined) return SIGNALS.get(signalName) ?? OTHER_SIGNAL;
  const known = CODES.get(code ?? 0);
  if (known !== undefined) return known;
  if (code === 1) return tool === 'bulkloader' ? LOADER_FAILED : DOWNLOADER_FAILED;
  return lasting('this is none of its own exit codes; look in its output');
}

const LOADER_FAILED = passing(
  'it could not store some of the files, which its output names, or the database failed',
);
const OTHER_SIGNAL = passing('a signal ended it; look in its output');
const DOWNLOADER_FAILED = passing(
  'it did not find the run; check in its output that it uses the database that database_uri names',
);

function howItEnded({ code, signal, timedOut }: ChildEnd): string {
  if (timedOut) return 'no end in time';
  if (signal !== null) return signal;
  const shellSignal = SHELL_SIGNALS.get(code ?? 0);
  return `exit code ${code}${shellSignal === undefined ? '' : ` (${shellSignal})`}`;
}

function outputOf({ stdout, stderr }: ChildEnd): string {
  const output = stderr === '' ? stdout : stderr;
  if (output === '') return '. It printed nothing';
  const shown = output.length > SHOWN_CHARACTERS ? `…${output.slice(-SHOWN_CHARACTERS)}` : output;
  return `. It printed:\n${shown}`;
}
