import type { ErrorFault, Place } from '../../errors.ts';

/** The programs of artdaq_database that store and export whole runs. */
export const TOOLS = ['bulkloader', 'bulkdownloader'] as const;

/** One of them. */
export type Tool = (typeof TOOLS)[number];

/** What the site has to put right, as a tool says in its own words. */
export interface SiteTrouble {
  /** What is wrong, and what to do. */
  readonly text: string;
  readonly retryable: boolean;
  /** Where, if not in the database. */
  readonly place: Place | undefined;
}

interface Sign {
  /** What the system, or the C++ driver of MongoDB, says. */
  readonly sign: RegExp;
  readonly text: string;
  readonly retryable: boolean;
  /** Is it about a disk that is written to? bulkdownloader only writes the files that it exports. */
  readonly isOfDisk?: boolean;
  /** Only said by this tool does it concern more than one run. */
  readonly only?: Tool;
}

const SIGNS: readonly Sign[] = [
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
 * Finds in what a tool printed a reason that concerns all runs alike. Its exit code says nothing of that, and may even be 0.
 * @param home where the files are that it reads or exports
 */
export function siteTroubleIn(output: string, tool: Tool, home: Place): SiteTrouble | undefined {
  const met = SIGNS.find(({ sign, only }) => sign.test(output) && (only ?? tool) === tool);
  if (met === undefined) return undefined;
  const { text, retryable, isOfDisk = false } = met;
  return { text, retryable, place: isOfDisk && tool === 'bulkdownloader' ? home : undefined };
}

/** The same as details of an error; nothing if there is no trouble. */
export function detailsOf(
  trouble: SiteTrouble | undefined,
): { readonly fault: ErrorFault; readonly place?: Place } | undefined {
  if (trouble === undefined) return undefined;
  return { fault: 'site', ...(trouble.place === undefined ? {} : { place: trouble.place }) };
}
