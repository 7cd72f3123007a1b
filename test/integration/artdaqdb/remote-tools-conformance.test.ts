import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { BulkTools } from '../../../src/artdaqdb/tools/bulk-tools.ts';
import { PrivateDirectories } from '../../../src/artdaqdb/tools/private-directories.ts';
import { RemoteHost } from '../../../src/artdaqdb/tools/remote/remote-host.ts';
import { silentLogger } from '../../../src/log/logger.ts';
import { describeArtdaqDb } from '../../helpers/artdaqdb-conformance.ts';
import { briefly } from '../../helpers/briefly.ts';
import { hasSshd, Sshd } from '../../helpers/sshd.ts';
import { StandInTools } from '../../helpers/stand-in-tools.ts';

describe.runIf(hasSshd())('over ssh', () => {
  let sshd: Sshd;

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.close());

  describeArtdaqDb(
    'FilesystemDB by the tools of another host',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'remote-tools-'));
      const { directory: lib } = new StandInTools(join(directory, 'lib'));
      const far = join(directory, 'tmp');
      mkdirSync(far);
      sshd.login({ env: { PATH: `${lib}:${process.env.PATH}`, TMPDIR: far }, noise: 'Welcome' });
      return {
        open: async (now) => {
          const native = new FilesystemDb(join(directory, 'db'), { now, sleep: briefly });
          const host = new RemoteHost({
            remoteHost: Sshd.host,
            verifyHostKey: true,
            databaseUri: native.location,
            takesThreads: false,
            hide: (text) => text,
            env: process.env,
            logger: silentLogger,
            ssh: sshd.ssh,
          });
          const directories = new PrivateDirectories(join(directory, 'work'), native.location, silentLogger);
          return new BulkTools({ native, host, directories, now });
        },
        remove: async () => {
          const left = readdirSync(far);
          rmSync(directory, { recursive: true });
          expect(left).toEqual([]);
        },
      };
    },
    { manyRuns: 3, refusesQuotes: true },
  );
});
