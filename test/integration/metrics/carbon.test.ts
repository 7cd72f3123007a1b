import { afterEach, describe, expect, it } from 'vitest';
import { CarbonClient } from '../../../src/metrics/carbon.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { LineReceiver, type ReceiverBehaviour } from '../../helpers/line-receiver.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

let receiver: LineReceiver | undefined;

afterEach(async () => {
  await receiver?.stop();
  receiver = undefined;
});

const logger = recordingLogger();
const now = () => new Date(1_700_000_000_999);

async function listen(behaviour: ReceiverBehaviour): Promise<LineReceiver> {
  receiver = await LineReceiver.start(behaviour);
  return receiver;
}

function clientOf(port: number, metricPrefix = 'sbnd.archiver') {
  logger.lines.length = 0;
  return new CarbonClient({ host: '127.0.0.1', port, metricPrefix }, { logger, now, timeoutMs: 200 });
}

describe('the client of Carbon', () => {
  it('sends name, value and whole seconds, all lines over one connection', async () => {
    const { port } = await listen('accept');
    const client = clientOf(port);
    client.post('migrate.runs_processed', 0);
    client.post('UconDBClient.get_data.duration_ms', 12.34567);
    client.post('tiny', 1e-9);
    client.post('migrate.last_successful_run', Number.MAX_SAFE_INTEGER);
    await client.send();
    expect(receiver?.lines).toEqual([
      'sbnd.archiver.migrate.runs_processed 0 1700000000',
      'sbnd.archiver.UconDBClient.get_data.duration_ms 12.346 1700000000',
      'sbnd.archiver.tiny 0.000 1700000000',
      'sbnd.archiver.migrate.last_successful_run 9007199254740991 1700000000',
    ]);
    expect(receiver?.connections).toBe(1);
    expect(logger.lines).toEqual([`DEBUG Posted 4 metrics to Carbon at 127.0.0.1:${port}`]);
  });

  it('sends more than any buffer holds', async () => {
    const { port } = await listen('accept');
    const client = new CarbonClient({ host: '127.0.0.1', port, metricPrefix: 'p' }, { logger, now });
    const count = 200_000;
    for (let index = 0; index < count; index++) client.post(`name${index}`, index);
    await client.send();
    expect(receiver?.lines.length).toBe(count);
  });

  it('contacts nobody if there is nothing to send, and sends nothing twice', async () => {
    const { port } = await listen('accept');
    const client = clientOf(port);
    await client.send();
    expect(receiver?.connections).toBe(0);
    client.post('once', 1);
    await client.send();
    await client.send();
    expect(receiver?.lines.length).toBe(1);
    expect(receiver?.connections).toBe(1);
  });

  it.each([
    [' a.b ', 'a.b'],
    ['a b\t.c\u00a0d', 'a_b_.c_d'],
    ['Zürich.日本', 'Zürich.日本'],
    ['trailing.', 'trailing.'],
  ])('makes one word of the prefix %j', async (prefix, expected) => {
    const { port } = await listen('accept');
    const client = clientOf(port, prefix);
    client.post('x', 1);
    await client.send();
    expect(receiver?.lines).toEqual([`${expected}.x 1 1700000000`]);
  });

  it('says once that nobody listens', async () => {
    const port = await closedPort();
    const client = clientOf(port);
    client.post('x', 1);
    client.post('y', 1);
    await client.send();
    expect(logger.lines).toEqual([
      `WARNING Could not post 2 metrics to Carbon at 127.0.0.1:${port}. Reason: connect ECONNREFUSED 127.0.0.1:${port}. ` +
        'The archive is not affected.',
    ]);
  });

  it.each([
    ['hang', 200_000, /did not take them within 200 ms/],
    ['cut', 200_000, /ECONNRESET|EPIPE|closed the connection/],
  ] as const)('gives up on a receiver that %ss, %i lines', async (behaviour, count, reason) => {
    const { port } = await listen(behaviour);
    const client = clientOf(port);
    for (let index = 0; index < count; index++) client.post('name', index);
    await client.send();
    expect(logger.lines).toEqual([expect.stringMatching(/^WARNING Could not post/)]);
    expect(logger.lines[0]).toMatch(reason);
  });

  it.each([1, 2000])(
    'does not warn of a receiver that reads %i lines and keeps its side open',
    async (count) => {
      const { port } = await listen('keep-open');
      const client = clientOf(port);
      for (let index = 0; index < count; index++) client.post('name', index);
      await client.send();
      expect(receiver?.lines).toHaveLength(count);
      expect(logger.lines).toEqual([`DEBUG Posted ${count} metrics to Carbon at 127.0.0.1:${port}`]);
    },
  );

  it.each(['::1', '[::1]'])('finds an IPv6 address that is written as %s', async (host) => {
    receiver = await LineReceiver.start('accept', '::1');
    const settings = { host, port: receiver.port, metricPrefix: 'p' };
    await new CarbonClient(settings, { logger, now }).check();
    expect(receiver.connections).toBe(1);
  });

  it('names a host that does not exist', async () => {
    const lines = recordingLogger();
    const settings = { host: 'carbon.invalid', port: 2003, metricPrefix: 'p' };
    const client = new CarbonClient(settings, { logger: lines, now });
    client.post('x', 1);
    await client.send();
    expect(lines.lines).toEqual([
      expect.stringContaining('WARNING Could not post 1 metrics to Carbon at carbon'),
    ]);
  });
});
