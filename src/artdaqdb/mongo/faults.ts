import { BSON, MongoBulkWriteError, MongoError, MongoServerError } from 'mongodb';
import {
  ArchiverError,
  ArtdaqDbError,
  ConfigurationError,
  type ErrorFault,
  messageOf,
} from '../../errors.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import type { MongoAddress } from './address.ts';

/** The operation that failed. */
export interface FailedWork {
  readonly address: MongoAddress;
  /** Begins the message, e.g. `Run 5 could not be stored in artdaqDB`. */
  readonly what: string;
  readonly run?: RunNumber;
  /** Whose fault it is, whatever failed; if absent, the failure tells. */
  readonly fault?: ErrorFault;
}

/** What is wrong, whether another attempt may help, and whose fault it is. */
export interface OperationFault {
  readonly advice: string;
  readonly retryable: boolean;
  readonly fault: ErrorFault;
}

const AUTHENTICATION_FAILED = new Set([18, 11, 8000]);
const UNAUTHORISED = 13;
const NOT_PRIMARY = new Set([91, 189, 10058, 10107, 11600, 11602, 13435, 13436]);
const WRITE_CONCERN_FAILED = new Set([64, 79, 100]);
const OUT_OF_DISK_SPACE = 14031;
const DISK_FULL =
  /no space left|out ?of ?disk ?space|disk (?:is )?full|not enough disk|disk quota|space quota/i;
const TOO_LARGE = new Set([10334, 17419, 17420]);
const DUPLICATE_KEY = 11000;
const REFUSED_BY_VALIDATION = 121;
const REFUSED_NAME = new Set([52, 55, 57]);
/** Time limits, lost cursors and connections between the servers, conflicts. */
const PASSING = new Set([6, 7, 24, 43, 50, 89, 112, 134, 202, 262, 317, 365, 391, 402, 462, 9001]);
const PASSING_LABELS = [
  'RetryableWriteError',
  'RetryableReadError',
  'TransientTransactionError',
  'SystemOverloadedError',
];
/** Errors of the driver about time, connections and what it waited for. */
const PASSING_NAMES =
  /^Mongo(?:Network|NetworkTimeout|PoolCleared|PoolClosed|WaitQueueTimeout|OperationTimeout|TopologyClosed|NotConnected|ConnectionPoolClosed|PoolClearedOnNetwork|ServerClosed|StalePrimary|ExpiredSession|CursorExhausted|ClientClosed)Error$/;
const WRONG_USE = /^Mongo(?:Parse|API|InvalidArgument|MissingCredentials|MissingDependency)Error$/;

/**
 * The failure of a MongoDB operation as an error of ours that says what to do, without user name and password of the URI. Errors
 * of ours pass through.
 * @returns ConfigurationError if the URI can't be used, else ArtdaqDbError
 * @throws the error itself if it has nothing to do with MongoDB, because that is a bug
 */
export function asArtdaqDbError(error: unknown, work: FailedWork): ArchiverError {
  return error instanceof ArchiverError ? error : describe(unwrapped(error), work);
}

function describe(error: unknown, { address, what, run, fault: givenFault }: FailedWork): ArchiverError {
  const fault = faultOf(error);
  if (fault === undefined) throw error;
  const details = { ...(run === undefined ? {} : { run }), ...causeWithoutSecrets(error, address) };
  const reason = address.hide(originalText(error));
  if (error instanceof MongoError && WRONG_USE.test(error.name)) {
    return new ConfigurationError(`artdaq_db.database_uri can't be used: ${reason}`, details);
  }
  return new ArtdaqDbError(`${what}: ${address.hide(fault.advice)} (${address.location}: ${reason})`, {
    ...details,
    retryable: fault.retryable,
    fault: givenFault ?? fault.fault,
  });
}

function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Is the document's own id taken, rather than the value of a unique index that somebody made? */
export function isDuplicateId(error: unknown): boolean {
  if (!isDuplicateKey(error)) return false;
  const [first] = writeErrorsOf(error);
  const text = first?.errmsg ?? error.message;
  return !/ index: (?!_id_ )/.test(text);
}

/** May the failed write have been done nevertheless, or still be done? */
export function isOutcomeOpen(error: unknown): boolean {
  // A primary that steps down, too, says the same whether it wrote before or not.
  return faultOf(unwrapped(error))?.retryable ?? false;
}

/** Which document of one insert the server refused, counted from 0; undefined if none in particular. */
export function refusedDocument(error: unknown): number | undefined {
  return error instanceof MongoServerError ? writeErrorsOf(error)[0]?.index : undefined;
}

/** Is the document itself the reason, so that every attempt fails? */
export function isRefusal(error: unknown): boolean {
  if (refusedDocument(error) === undefined || isDuplicateId(error)) return false;
  return !(faultOf(error)?.retryable ?? false);
}

/** The driver wraps whatever stops an insert of several documents in an answer of the server. */
function unwrapped(error: unknown): unknown {
  return error instanceof MongoBulkWriteError && error.errorResponse instanceof Error
    ? error.errorResponse
    : error;
}

function faultOf(error: unknown): OperationFault | undefined {
  if (error instanceof MongoServerError) return serverFault(error);
  if (error instanceof BSON.BSONError) {
    return {
      advice: 'what the server sent, or was sent, is not BSON',
      retryable: false,
      fault: 'unknown',
    };
  }
  const unreachable = connectionFault(error);
  if (unreachable !== undefined) return unreachable;
  if (!(error instanceof MongoError)) return undefined;
  if (PASSING_NAMES.test(error.name) || hasPassingLabel(error)) {
    return {
      advice: 'the connection was lost or took too long; it is worth another attempt',
      retryable: true,
      fault: 'unknown',
    };
  }
  return { advice: 'the MongoDB driver refuses it', retryable: false, fault: 'unknown' };
}

/** A failure that one run may meet and another may not is not the site's fault: the other runs show whether it is the run's. */
function serverFault(error: MongoServerError): OperationFault {
  const code = Number(error.code);
  const passing = (fault: ErrorFault, advice: string): OperationFault => ({ advice, retryable: true, fault });
  const lasting = (fault: ErrorFault, advice: string): OperationFault => ({
    advice,
    retryable: false,
    fault,
  });
  if (DISK_FULL.test(originalText(error)) || code === OUT_OF_DISK_SPACE) {
    return passing('site', "the database server's disk is full; make room there");
  }
  if (AUTHENTICATION_FAILED.has(code)) {
    return lasting(
      'site',
      'authentication failed; check user and password (or the client certificate) and authSource in artdaq_db.database_uri',
    );
  }
  if (code === UNAUTHORISED) {
    return lasting('site', 'the user is not allowed to do this; it needs the role readWrite on the database');
  }
  if (NOT_PRIMARY.has(code)) {
    return passing(
      'site',
      'the server is not the primary of its replica set, or stepped down; another attempt finds the new one',
    );
  }
  if (WRITE_CONCERN_FAILED.has(code) || writeConcernErrorOf(error) !== undefined) {
    return passing(
      'unknown',
      'the majority of the replica set did not confirm it in time, so it may be stored or not; another attempt settles that',
    );
  }
  if (code === DUPLICATE_KEY) {
    return lasting(
      'unknown',
      'a unique index on the collection refuses it; artdaqDB needs none, so drop the index',
    );
  }
  if (TOO_LARGE.has(code)) return lasting('run', 'the document is larger than the server takes');
  if (REFUSED_BY_VALIDATION === code)
    return lasting('unknown', "the collection's validation rules refuse it; remove them");
  if (REFUSED_NAME.has(code)) return lasting('run', 'the server does not take names like this');
  if (
    /levels of nesting|nesting depth|nested (?:object )?(?:depth|too deep)|recursion depth/i.test(
      error.message,
    )
  ) {
    return lasting('run', 'its tables are nested more deeply than the server takes');
  }
  if (/transaction numbers are only allowed/i.test(error.message)) {
    return lasting(
      'site',
      'the server has no retryable writes; add retryWrites=false to artdaq_db.database_uri',
    );
  }
  if (PASSING.has(code) || hasPassingLabel(error)) {
    return passing('unknown', 'the server could not do it at the moment; it is worth another attempt');
  }
  return lasting('unknown', 'the server refuses it');
}

function hasPassingLabel(error: MongoError): boolean {
  return PASSING_LABELS.some((label) => error.hasErrorLabel(label));
}

function writeErrorsOf(
  error: MongoServerError,
): readonly { readonly index: number; readonly errmsg?: string | undefined }[] {
  return error instanceof MongoBulkWriteError ? [error.writeErrors ?? []].flat() : [];
}

function writeConcernErrorOf(error: MongoServerError): object | undefined {
  if (error instanceof MongoBulkWriteError) return error.err ?? error.result?.getWriteConcernError();
  return error.name === 'MongoWriteConcernError' ? error : undefined;
}

function originalText(error: unknown): string {
  const text = messageOf(error);
  const code = error instanceof MongoServerError && error.code !== undefined ? `, code ${error.code}` : '';
  return `${text}${code}`;
}

/** The original error, unless its text or stack would show a secret. */
function causeWithoutSecrets(error: unknown, address: MongoAddress): { cause?: unknown } {
  const shown = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
  return address.hide(shown) === shown ? { cause: error } : {};
}

/** Why no server could be reached, in the words of the operating system, TLS and the driver. */

const TLS_CODE =
  /^(?:ERR_(?:TLS|SSL|OSSL)|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO$)/;
/** Phrases only: single words may be part of host names. */
const TLS_TEXT = /bad decrypt|wrong version number|PEM routines|self[- ]signed certificate/i;
const ENDED_TEXT = /before secure TLS connection was established|^connection .* closed$/;
const NEW_SOCKET_TEXT = /^Socket (?:'\w+' timed out|closed) after .*connect/;
const DNS_CODE = /^(?:ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL|ETIMEOUT|EREFUSED|ENONAME)$/;
const SOCKET_CODE = /^(?:ECONN|EHOST|ENET|ETIMEDOUT|EPIPE|EADDRNOTAVAIL)/;
/** The codes among them of a connection that could not be opened. */
const NOT_CONNECTED = /^(?:ECONNREFUSED|EHOST|ENET|EADDRNOTAVAIL)/;
const MOST_CAUSES = 10;
const NO_ANSWER =
  'no server answers; check that it runs and that host and port in artdaq_db.database_uri are right';

/**
 * The fault if the error is about reaching a server; undefined if it is about something else. If no connection could be opened,
 * the site is at fault; a connection that ends after something was sent may have ended because of that.
 */
export function connectionFault(error: unknown): OperationFault | undefined {
  const causes = [...causesOf(error)];
  const fault = causes.map(faultOfOne).find((found) => found !== undefined);
  const selection = causes.find(({ name }) => name === 'MongoServerSelectionError');
  if (selection === undefined && !causes.some(isOfNewConnection)) return fault;
  if (fault !== undefined) return { ...fault, fault: 'site' };
  return selection !== undefined && isWithoutPrimary(selection)
    ? { advice: 'the replica set has no primary at the moment', retryable: true, fault: 'site' }
    : { advice: NO_ANSWER, retryable: true, fault: 'site' };
}

/** Did a connection of the driver fail before it was used? */
function isOfNewConnection(error: Error): boolean {
  if (error instanceof MongoError && error.hasErrorLabel('HandshakeError')) return true;
  return NEW_SOCKET_TEXT.test(error.message);
}

function faultOfOne(error: Error): OperationFault | undefined {
  if (error.name === 'MongoCompatibilityError') {
    return {
      advice: 'the server is too old, or too new, for the MongoDB driver of this program',
      retryable: false,
      fault: 'site',
    };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (TLS_CODE.test(code) || (error.name !== 'MongoServerError' && TLS_TEXT.test(error.message))) {
    return {
      advice:
        'no TLS connection can be opened; check the certificates (tlsCAFile, tlsCertificateKeyFile in artdaq_db.database_uri, or ' +
        'ARTDAQ_DATABASE_CA_CERT and ARTDAQ_DATABASE_CLIENT_CERT) and that both sides use TLS',
      retryable: false,
      fault: 'site',
    };
  }
  if (DNS_CODE.test(code)) {
    return {
      advice: 'the host name is not known; check artdaq_db.database_uri and DNS',
      retryable: true,
      fault: 'site',
    };
  }
  if (error.name !== 'MongoServerError' && ENDED_TEXT.test(error.message)) {
    return {
      advice:
        'the server ended the connection; check that it runs and, where TLS is used, that both sides use it and the server ' +
        'trusts the client certificate (ARTDAQ_DATABASE_CLIENT_CERT)',
      retryable: true,
      fault: 'unknown',
    };
  }
  if (SOCKET_CODE.test(code)) {
    return { advice: NO_ANSWER, retryable: true, fault: NOT_CONNECTED.test(code) ? 'site' : 'unknown' };
  }
  return undefined;
}

/** The error, what the driver found out about each server, and the causes of these; the innermost first. */
function* causesOf(error: unknown, depth = 0): Generator<Error> {
  if (!(error instanceof Error) || depth > MOST_CAUSES) return;
  for (const inner of [error.cause, ...serverErrors(error)]) yield* causesOf(inner, depth + 1);
  if (error instanceof AggregateError) for (const inner of error.errors) yield* causesOf(inner, depth + 1);
  yield error;
}

function serverErrors(error: Error): unknown[] {
  const servers = topologyOf(error)?.servers;
  return servers instanceof Map ? [...servers.values()].map((server) => server?.error) : [];
}

function isWithoutPrimary(error: Error): boolean {
  return topologyOf(error)?.type === 'ReplicaSetNoPrimary';
}

function topologyOf(error: Error): { readonly servers?: unknown; readonly type?: unknown } | undefined {
  const reason = 'reason' in error ? error.reason : undefined;
  return typeof reason === 'object' && reason !== null ? reason : undefined;
}
