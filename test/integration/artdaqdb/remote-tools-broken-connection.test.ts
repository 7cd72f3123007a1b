import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { BulkTools } from '../../../src/artdaqdb/tools/bulk-tools.ts';
import { PrivateDirectories } from '../../../src/artdaqdb/tools/private-directories.ts';
import { RemoteHost } from '../../../src/artdaqdb/tools/remote/remote-host.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { hasSshd, Sshd } from '../../helpers/sshd.ts';
import { StandInTools } from '../../helpers/stand-in-tools.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const makeDirectory = useTemporaryDirectories();

it.runIf(hasSshd())(
  'a run is stored if the loader of its schema ends well after the connection broke',
  async () => {
    const sshd = await Sshd.start();
    onTestFinished(() => sshd.close());
    const directory = await makeDirectory();
    const tools = new StandInTools(join(directory, 'lib'));
    const far = join(directory, 'far');
    mkdirSync(far);
    sshd.login({ env: { PATH: `${tools.directory}:${process.env.PATH}`, TMPDIR: far } });
    const logger = recordingLogger();
    const native = new FilesystemDb(join(directory, 'db'));
    const host = new RemoteHost({
      remoteHost: Sshd.host,
      verifyHostKey: true,
      databaseUri: native.location,
      takesThreads: false,
      hide: (text) => text,
      env: process.env,
      logger,
      ssh: sshd.ssh,
    });
    const db = new BulkTools({
      native,
      host,
      directories: new PrivateDirectories(join(directory, 'work'), native.location, logger),
      logger,
    });
    tools.spoil('bulkloader', { skip: 1, at: 0, pause: true });
    const inserting = db.insert(5, 'x', documentsOfRun(5));
    await tools.reached('paused');
    sshd.signal('SIGKILL');
    tools.resume();
    await inserting;
    expect(logger.lines.join('\n')).toMatch(/WARNING Run 5 is wholly stored.*the connection broke/);
    expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
    expect(readdirSync(far)).toEqual([]);
  },
);
