import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { describeArtdaqDb } from '../../helpers/artdaqdb-conformance.ts';

describeArtdaqDb('FilesystemDb', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'filesystem-db-'));
  return {
    open: async (now) => new FilesystemDb(join(directory, 'db'), { now }),
    remove: () => rm(directory, { recursive: true }),
  };
});
