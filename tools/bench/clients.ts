import type { ArtdaqDb } from '../../src/artdaqdb/artdaqdb.ts';
import { openArtdaqDb } from '../../src/artdaqdb/schemes.ts';
import { silentLogger } from '../../src/log/logger.ts';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import { ACCOUNT } from './account.ts';

/** Looks into an artdaqDB. */
export async function withArtdaqDb<T>(
  databaseUri: string,
  look: (database: ArtdaqDb) => Promise<T>,
): Promise<T> {
  const services = { env: {}, logger: silentLogger, workDir: '', libDirectory: '' };
  const database = openArtdaqDb({ databaseUri, useTools: false }, services);
  try {
    return await look(database);
  } finally {
    await database.close();
  }
}

/** Looks into an object of UconDB. */
export async function withUconDb<T>(
  serverUrl: string,
  objectName: string,
  look: (client: UconDbClient) => Promise<T>,
): Promise<T> {
  const { folder: folderName, user: writerUser, password: writerPassword } = ACCOUNT;
  const where = { serverUrl, folderName, objectName };
  const client = new UconDbClient({ ...where, writerUser, writerPassword, timeoutSeconds: 30 });
  try {
    return await look(client);
  } finally {
    await client.close();
  }
}
