import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CheckedSite } from '../../helpers/checked-site.ts';
import { hasSshd, Sshd } from '../../helpers/sshd.ts';

describe.runIf(hasSshd())('the tools of another host', () => {
  let sshd: Sshd;
  let place: CheckedSite;

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.close());

  beforeEach(async () => {
    place = await CheckedSite.start();
    mkdirSync(join(place.site.directory, 'bin'));
    // ssh takes the home directory, and with it its configuration, from the account.
    const ssh = `#!/bin/sh\nexec /usr/bin/ssh -F '${sshd.config}' "$@"\n`;
    writeFileSync(join(place.site.directory, 'bin', 'ssh'), ssh, { mode: 0o755 });
    sshd.login({ env: { PATH: `${place.tools}:${process.env.PATH}` } });
  });
  afterEach(async () => {
    sshd.trust();
    await place.stop();
  });

  async function check() {
    const env = { PATH: `${place.site.directory}/bin:${process.env.PATH}` };
    const { checks } = await place.check({ artdaq_db: { remote_host: Sshd.host } }, env);
    expect(checks.filter(({ name, state }) => name !== 'artdaq_db_tools' && state !== 'ok')).toEqual([]);
    return checks.find(({ name }) => name === 'artdaq_db_tools');
  }

  it('are found and started', async () => {
    expect(await check()).toMatchObject({ state: 'ok', text: `can be started: on host ${Sshd.host}` });
  });

  it.each<[string, () => void, RegExp]>([
    ['a program is missing', () => rmSync(join(place.tools, 'bulkloader')), /has no bulkloader on PATH/],
    [
      'a library is missing',
      () => place.writeTool('bulkdownloader', 'echo "no libfoo.so" >&2; exit 127'),
      /bulkdownloader \(host far-host\).*shared library.*no libfoo\.so/s,
    ],
    ['the host is not known', () => sshd.trust('nothing'), /not in known_hosts; connect once by hand/],
  ])('are reported if %s', async (_what, damage, says) => {
    damage();
    expect(await check()).toMatchObject({ state: 'failed', text: expect.stringMatching(says) });
  });
});
