import { afterEach, describe, expect, it } from 'vitest';
import { HealthCheck } from '../../../src/services/metrics/health-check.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { type PingAnswer, PingServer } from '../../helpers/ping-server.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

let server: PingServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const key = 'a3f1-key';

async function listen(answer?: (target: string) => PingAnswer): Promise<PingServer> {
  server = await PingServer.start(answer);
  return server;
}

function checkOf(url: string, timeoutMs = 10_000) {
  const logger = recordingLogger();
  const redact = (text: string) => text.replaceAll('hunter2', '***');
  const check = new HealthCheck({ url, logger, redact, timeoutMs });
  return { check, lines: logger.lines };
}

const importEnded = {
  stage: 'import',
  successful: [1, 2],
  failed: [],
  waiting: [],
  error: undefined,
  brokenPlace: undefined,
} as const;

describe('HealthCheck', () => {
  it.each([
    ['success', ['/ping/a3f1-key/start?rid=1', '/ping/a3f1-key?rid=1']],
    ['failure', ['/ping/a3f1-key/start?rid=1', '/ping/a3f1-key/fail?rid=1']],
    ['stopped', ['/ping/a3f1-key/start?rid=1']],
  ] as const)('pings at the start and on %s', async (end, targets) => {
    const { origin } = await listen();
    const { check, lines } = checkOf(`${origin}/ping/${key}?rid=1`);
    check.begin('pipeline');
    await check.close(end);
    expect(server?.targets).toEqual(targets);
    expect(lines).toEqual([]);
  });

  it('tells how the stages ended, without secrets', async () => {
    const { origin } = await listen();
    const { check } = checkOf(`${origin}/x`);
    check.begin('pipeline');
    const failed = Array.from({ length: 25 }, (_, run) => ({ run, error: 'broken' }));
    await check.stageEnded({ ...importEnded, failed });
    await check.stageEnded({
      stage: 'migrate',
      successful: [],
      failed: [],
      waiting: [],
      brokenPlace: undefined,
      error: 'login with hunter2 refused',
    });
    await check.close('failure');
    const runs = Array.from({ length: 20 }, (_, run) => run).join(', ');
    expect(server?.pings[0]?.body).toMatch(/^pipeline on \S+\n$/);
    expect(server?.pings[1]?.body).toBe(
      `import: 2 successful, 25 failed: ${runs} and more\nmigrate: login with *** refused\n`,
    );
  });

  it('logs in as the user that the address names', async () => {
    const { origin } = await listen();
    const { check } = checkOf(`${origin.replace('//', '//me:p%40ss@')}/x`);
    check.begin('pipeline');
    await check.close('success');
    const expected = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(server?.pings.map(({ authorization }) => authorization)).toEqual([expected, expected]);
  });

  it('tells of an error that ended an execution, also before it began to archive', async () => {
    const { origin } = await listen();
    const { check } = checkOf(`${origin}/x`);
    await check.executionEnded('the lock /w/.lock can not be taken with hunter2');
    await check.close('failure');
    expect(server?.pings).toMatchObject([
      { target: '/x/fail', body: 'the lock /w/.lock can not be taken with ***\n' },
    ]);
  });

  it('pings nothing for what archives no runs', async () => {
    const { origin } = await listen();
    const { check } = checkOf(`${origin}/x`);
    await check.close('success');
    expect(server?.pings).toEqual([]);
  });

  describe('when the other side is broken, says so once and never shows the address:', () => {
    async function expectOneWarning(url: string, reason: RegExp, timeoutMs?: number): Promise<void> {
      const { check, lines } = checkOf(url, timeoutMs);
      check.begin('pipeline');
      await check.stageEnded(importEnded);
      await check.close('success');
      const warnings = lines.filter((line) => line.startsWith('WARNING'));
      expect(warnings).toEqual([expect.stringMatching(reason)]);
      expect(lines.join()).not.toContain(key);
    }

    it.each([
      [404, /HTTP status 404/],
      [500, /HTTP status 500/],
      [302, /HTTP status 302/],
      ['hang', /no answer in time/],
    ] as const)('%s', async (answer, reason) => {
      const { origin } = await listen(() => answer);
      await expectOneWarning(`${origin}/${key}?k=${key}`, reason, answer === 'hang' ? 300 : undefined);
    });

    it('nobody listens', async () => {
      await expectOneWarning(`http://127.0.0.1:${await closedPort()}/${key}`, /ECONNREFUSED/);
    });

    it('a user that is not well written', async () => {
      await expectOneWarning(`http://u:%zz@127.0.0.1:${await closedPort()}/${key}`, /malformed|ECONN/);
    });
  });

  it('tells the end even if the start got no answer', async () => {
    const { origin } = await listen((target) => (target.endsWith('/start') ? 'hang' : 200));
    const { check } = checkOf(`${origin}/x`, 300);
    check.begin('pipeline');
    await check.close('success');
    expect(server?.targets).toEqual(['/x/start', '/x']);
  });
});
