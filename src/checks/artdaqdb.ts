import { checkDatabase, checkTools, databaseHosts, databaseLocation } from '../artdaqdb/access.ts';
import type { ArtdaqDbServices } from '../artdaqdb/open.ts';
import type { ArchiverConfig } from '../config/schema.ts';
import { expectKnownHost } from '../net/host-lookup.ts';
import type { Check } from './check.ts';

/** The checks of the database and of the programs that write it, if they do. */
export function artdaqDbChecks(
  { artdaqDb }: ArchiverConfig,
  services: ArtdaqDbServices,
  limitMs: number,
): Check[] {
  const { databaseUri, useTools, remoteHost } = artdaqDb;
  const database: Check = {
    name: 'artdaq_db',
    subject: `artdaqDB ${databaseLocation(databaseUri)}`,
    look: async (signal) => {
      for (const host of databaseHosts(databaseUri)) {
        await expectKnownHost(host, 'check artdaq_db.database_uri and the name servers', signal);
      }
      return checkDatabase(artdaqDb, services, { limitMs, signal });
    },
  };
  const tools: Check = {
    name: 'artdaq_db_tools',
    subject: `artdaqDB tools ${remoteHost === undefined ? 'of this host' : `of host ${remoteHost}`}`,
    look: async () => ({ text: `can be started: ${await checkTools(artdaqDb, services, limitMs / 1000)}` }),
  };
  return useTools ? [database, tools] : [database];
}
