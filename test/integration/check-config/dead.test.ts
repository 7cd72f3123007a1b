import { afterEach, beforeEach, expect, it } from 'vitest';
import { CheckedSite } from '../../helpers/checked-site.ts';
import { SilentServer } from '../../helpers/silent-server.ts';

let place: CheckedSite;
const silent: SilentServer[] = [];

beforeEach(async () => {
  place = await CheckedSite.start();
});

afterEach(async () => {
  await Promise.all(silent.splice(0).map((server) => server.close()));
  await place.stop();
});

async function silentServer(greeting?: string): Promise<SilentServer> {
  const server = await SilentServer.start(greeting);
  silent.push(server);
  return server;
}

const limits = { local: 5000, service: 2000, silence: 1000 };

it('a check names every service that takes connections and never answers, and closes these connections', async () => {
  const [ucondb, mongo, mail] = [
    await silentServer(),
    await silentServer(),
    await silentServer('220 mail.example.org ESMTP\r\n'),
  ];
  place.slack.answer = { kind: 'hang' };
  place.writeTool('bulkloader', 'sleep 60');
  const report = await place.check(
    {
      artdaq_db: { database_uri: `mongodb://127.0.0.1:${mongo.port}/artdaq` },
      ucon_db: { server_url: `http://127.0.0.1:${ucondb.port}/app` },
      reporting: { email: { smtp_port: mail.port } },
    },
    {},
    limits,
  );
  expect(report.usable).toBe(false);
  const failed = report.checks.filter(({ state }) => state === 'failed');
  expect(failed.map(({ name }) => name)).toEqual([
    'artdaq_db',
    'artdaq_db_tools',
    'ucon_db',
    'email',
    'slack',
  ]);
  for (const { text } of failed) {
    expect(text).toMatch(/no server answers|did not end within|no answer for|no result within/);
  }
  await Promise.all([ucondb.disconnected, mongo.disconnected, mail.disconnected]);
});
