import { hostname, machine, release, type as systemName, version } from 'node:os';
import { formatTimestamp } from '../fhicl/document.ts';

/** The collection whose one document describes the database. */
export const SYSTEM_METADATA = 'SystemMetadata';

const LOCALE = 'en_US.UTF-8';
const DATABASE_FORMAT = 3;

/** Who makes a database, and on which machine, as its metadata document records it. */
export interface DatabaseOrigin {
  readonly user: string;
  readonly uname: {
    readonly sysname: string;
    readonly nodename: string;
    readonly release: string;
    readonly version: string;
    readonly machine: string;
  };
}

/** This machine. */
export function thisOrigin(user: string): DatabaseOrigin {
  return {
    user,
    uname: {
      sysname: systemName(),
      nodename: hostname(),
      release: release(),
      version: version(),
      machine: machine(),
    },
  };
}

/** The content of the metadata document, in the order of the C++ tools. */
export function metadataContent(location: string, origin: DatabaseOrigin, now: Date) {
  return {
    name: 'artdaq',
    uri: location,
    locale: LOCALE,
    create_time: formatTimestamp(now),
    create_user: origin.user,
    uname: origin.uname,
    database_format: DATABASE_FORMAT,
  };
}
