import type { BSON } from 'mongodb';

/** The fault of one document of a write. */
interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
}

/** A command that reached the responder. */
export interface SeenCommand {
  readonly name: string;
  /** How many commands of that name came, this one included. */
  readonly call: number;
  /** How many commands of work came, this one included; see {@link isWork}. */
  readonly step: number;
  /** Commands of work that were under way together are of one round; counted from 1. */
  readonly round: number;
  /** Undefined for commands that are not about one collection. */
  readonly collection: string | undefined;
  readonly writeConcern: BSON.Document | undefined;
  readonly command: BSON.Document;
}

/** What goes wrong with a command. `applied`: after it did its work. */
export type Fault =
  /** The command is refused with this answer. */
  | { readonly kind: 'answer'; readonly answer: BSON.Document; readonly applied?: boolean }
  /** One document of a write is refused; in an ordered write those after it as well. */
  | { readonly kind: 'write error'; readonly error: WriteError }
  /** The write is done, but not as safely as asked for. */
  | { readonly kind: 'write concern error'; readonly error: BSON.Document }
  /** The connection is closed in place of the answer. */
  | { readonly kind: 'cut'; readonly applied: boolean }
  /** There is never an answer. */
  | { readonly kind: 'hang'; readonly applied: boolean }
  /** The work is done, half of the answer comes, and then the end of the connection or nothing more. */
  | { readonly kind: 'half answer'; readonly ending: 'cut' | 'stall' }
  /** The server stops being primary; the command meets that. With `afterDocuments` so many are stored before. */
  | { readonly kind: 'step down'; readonly afterDocuments?: number }
  /** The answer takes its time. */
  | { readonly kind: 'late'; readonly milliseconds: number }
  /** The client dies: all its connections end, and no new one is taken until `accept()`. */
  | { readonly kind: 'client dies'; readonly applied: boolean };

/** Decides on each command; undefined: nothing goes wrong. */
export type Script = (seen: SeenCommand) => Fault | undefined;

const HOUSEKEEPING = new Set([
  'hello',
  'ismaster',
  'ping',
  'saslStart',
  'saslContinue',
  'authenticate',
  'endSessions',
  'killCursors',
  'buildInfo',
]);

/** Is a command of that name a round trip of the client's own work, and not of the connection? */
export function isWork(name: string): boolean {
  return !HOUSEKEEPING.has(name);
}

/** A fault for the n-th command of a name, counted from 1; for all of them if no number is given. */
export function onCall(name: string, fault: Fault, call?: number): Script {
  return (seen) => (seen.name === name && (call === undefined || seen.call === call) ? fault : undefined);
}

/** An answer as servers give it for an error. */
export function refusal(code: number, codeName: string, errmsg: string, errorLabels?: string[]): Fault {
  return {
    kind: 'answer',
    answer: { ok: 0, code, codeName, errmsg, ...(errorLabels === undefined ? {} : { errorLabels }) },
  };
}
