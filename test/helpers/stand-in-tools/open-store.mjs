import { join } from 'node:path';
import { FilesystemStore } from './filesystem-store.mjs';

/** The database that the environment names; another one, without a word, if it names none. */
export async function openStore(place) {
  const uri = process.env.ARTDAQ_DATABASE_URI ?? '';
  if (uri.startsWith('mongodb')) {
    const { MongoStore } = await import('./mongo-store.mjs');
    return new MongoStore(place);
  }
  return new FilesystemStore(
    uri.startsWith('filesystemdb://') ? uri : `filesystemdb://${join(place, 'elsewhere')}`,
  );
}
