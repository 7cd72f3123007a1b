import { ArtdaqDbError, ConfigurationError, type ErrorFault, messageOf, type Place } from '../../errors.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { errorCode } from '../../system-error.ts';
import type { ChildEnd } from './child-process.ts';
import type { SiteTrouble, Tool } from './tool-host.ts';

/** A tool's end, and its task. */
export interface ToolEnd extends ChildEnd {
  readonly tool: Tool;
  readonly run: RunNumber;
  /** Where it ran, for messages: a program's path, or a host as well. */
  readonly place: string;
  /** Where it reads files, or exports them to. */
  readonly home: Place;
  readonly timeoutMs: number;
}

interface ExitMeaning {
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

/** Why a program can't be started at the moment. */
export const SHORTAGE_ADVICE =
  'the machine is short of processes, memory or files, or the program is just being replaced';
/** How much of the output a message shows; the log has more. */
const SHOWN_CHARACTERS = 2000;

const lasting = (text: string): ExitMeaning => ({ text, retryable: false, fault: 'unknown' });
const passing = (text: string): ExitMeaning => ({ text, retryable: true, fault: 'unknown' });
const unfit = (text: string): ExitMeaning => ({ text, retryable: false, fault: 'site' });

const usage = (what: string): ExitMeaning =>
  lasting(
    `it refused its arguments (${what}); check that it is the program of artdaq_database v1_10, and that a wrapper script hands all arguments on`,
  );

/** Exit codes that mean the same for both tools (documentation/ARTDAQDB_TOOLS.md, "When a tool fails"). */
const CODES: ReadonlyMap<number, ExitMeaning> = new Map([
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

const SIGNALS: ReadonlyMap<string, ExitMeaning> = new Map([
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

const LOADER_FAILED = passing(
  'it could not store some of the files, which its output names, or the database failed',
);
const OTHER_SIGNAL = passing('a signal ended it; look in its output');
const DOWNLOADER_FAILED = passing(
  'it did not find the run; check in its output that it uses the database that database_uri names',
);

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

/** What the tool says that the site must put right, however it ended. */
export function troubleOf({ tool, stdout, stderr, home }: ToolEnd): SiteTrouble | undefined {
  return siteTroubleIn(`${stdout}\n${stderr}`, tool, home);
}

/**
 * The error for a tool that could not print its help text. A tool that can ends with exit code 1, or with another one if a script
 * wraps the program.
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

/** Can a program not be started at the moment? */
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

function meaningOf({ tool, code, signal, timedOut, timeoutMs }: ToolEnd): ExitMeaning {
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

interface TroubleSign {
  /** The words of the system, or of MongoDB's C++ driver. */
  readonly sign: RegExp;
  readonly text: string;
  readonly retryable: boolean;
  /** Is it about a disk that is written to? bulkdownloader writes only the files that it exports. */
  readonly isOfDisk?: boolean;
  /** The tool from which it concerns more than one run; by default either. */
  readonly only?: Tool;
}

const SIGNS: readonly TroubleSign[] = [
  {
    sign: /no space left on device/i,
    text: 'the disk that it writes to is full; make room there',
    retryable: true,
    isOfDisk: true,
  },
  {
    sign: /disk quota exceeded/i,
    text: 'the quota of the disk that it writes to is used up; make room there',
    retryable: true,
    isOfDisk: true,
  },
  {
    sign: /read-only file system/i,
    text: 'the file system that it writes to is read-only; check how it is mounted',
    retryable: false,
    isOfDisk: true,
  },
  {
    sign: /stale (?:nfs )?file handle|transport endpoint is not connected/i,
    text: 'a file server is away; check that its file systems are mounted',
    retryable: true,
  },
  {
    sign: /too many open files|cannot allocate memory|resource temporarily unavailable/i,
    text: 'the machine that it runs on is short of files, memory or processes',
    retryable: true,
  },
  {
    sign: /connection refused|no route to host|network is unreachable|no suitable servers found|failed to resolve|name or service not known|temporary failure in name resolution/i,
    text: 'it can not reach the database; check that its server runs and can be reached from where the tool runs',
    retryable: true,
  },
  {
    sign: /authentication failed|not authorized on/i,
    text: 'the database refuses its account; check user and password in artdaq_db.database_uri',
    retryable: false,
  },
  {
    sign: /not (?:the )?(?:master|primary)\b|not(?:writable)?primary/i,
    text: 'the server is not the primary of its replica set; another attempt finds the new one',
    retryable: true,
  },
  {
    sign: /permission denied|operation not permitted/i,
    text: 'it may not write into the database; give the account that it runs as the right to',
    retryable: false,
    only: 'bulkloader',
  },
];

/**
 * Finds a reason that concerns all runs alike in a tool's output. The exit code does not tell, and may even be 0.
 * @param home where the tool reads files, or exports them to
 */
export function siteTroubleIn(output: string, tool: Tool, home: Place): SiteTrouble | undefined {
  const met = SIGNS.find(({ sign, only }) => sign.test(output) && (only ?? tool) === tool);
  if (met === undefined) return undefined;
  const { text, retryable, isOfDisk = false } = met;
  return { text, retryable, place: isOfDisk && tool === 'bulkdownloader' ? home : undefined };
}

/** Trouble as details of an error. */
export function detailsOf(
  trouble: SiteTrouble | undefined,
): { readonly fault: ErrorFault; readonly place?: Place } | undefined {
  if (trouble === undefined) return undefined;
  return { fault: 'site', ...(trouble.place === undefined ? {} : { place: trouble.place }) };
}
