import type { Backend } from '../backend.ts';
import { thisOrigin } from '../database-description.ts';
import { mongoAddress } from './address.ts';
import { MongoDb } from './mongo-db.ts';

/** artdaqDB in MongoDB. The driver is loaded when a database is used, not before. */
export const mongoBackend: Backend = {
  form: 'mongodb://user:password@host:port/database (also mongodb+srv://)',
  accepts: (uri) => /^mongodb(?:\+srv)?:\/\/[^\s/?#]+\/[^\s/?#]+(?:\?[^\s#]*)?$/.test(uri),
  directory: () => undefined,
  location: (uri) => mongoAddress(uri).location,
  hosts,
  hider: (uri) => mongoAddress(uri).hide,
  open: (uri, { env, logger }) => new MongoDb(uri, { logger, env, origin: thisOrigin(env.USER ?? '') }),
  check: async (uri, { env, logger }, limits) => {
    const { checkMongoDb } = await import('./check.ts');
    const warn = (text: string) => logger.warning(text);
    return checkMongoDb({ address: mongoAddress(uri), env, warn, ...limits });
  },
  uriForTools: (uri) => uri,
  takesThreads: true,
};

/** None of `mongodb+srv`, whose hosts the driver looks up. */
function hosts(uri: string): string[] {
  const [, list = ''] = /^mongodb:\/\/([^/]*)/.exec(mongoAddress(uri).location) ?? [];
  return list.split(',').flatMap((host) => host.replace(/:\d+$/, '') || []);
}
