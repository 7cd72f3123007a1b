import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/environment.ts';
import { SlackChannel } from '../../../src/notify/slack.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { ForwardProxy } from '../../helpers/forward-proxy.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { SilentServer } from '../../helpers/silent-server.ts';
import { type SlackAnswer, SlackServer } from '../../helpers/slack-server.ts';
import { certificateFile } from '../../helpers/smtp-server.ts';
import { exampleReport } from '../../unit/notify/example-report.ts';

const botToken = 'xoxb-only-in-these-tests';
let slack: SlackServer;
const logger = recordingLogger();

beforeEach(async () => {
  slack = await SlackServer.start();
});

afterEach(async () => {
  await slack.close();
  expect(logger.lines.splice(0).join('\n')).not.toContain(botToken);
});

function send(apiUrl: string, signal = new AbortController().signal, env: Environment = {}): Promise<void> {
  const settings = { botToken, channel: '#alerts', mentionUsers: 'U1, <@U2>,,' };
  return new SlackChannel(settings, { SLACK_API_URL: apiUrl, ...env }, logger).send(exampleReport(), signal);
}

async function failure(apiUrl: string): Promise<string> {
  const message = await send(apiUrl).then(
    () => 'sent',
    (error: Error) => error.message,
  );
  expect(message).not.toContain(botToken);
  expect(message.length).toBeLessThan(600);
  expect(logger.lines.filter((line) => !line.startsWith('DEBUG'))).toEqual([]);
  return message;
}

describe('a Slack message', () => {
  it('is posted with blocks, text and mentions', async () => {
    await send(slack.url);
    expect(slack.posted).toMatchObject([
      {
        path: '/api/chat.postMessage',
        token: botToken,
        channel: '#alerts',
        text: 'Run Record Archiver Import Failures: 2 runs failed on daq01 <@U1> <@U2>',
      },
    ]);
    const [first, second] = slack.posted[0]?.blocks ?? [];
    expect(first).toEqual({
      type: 'header',
      text: { type: 'plain_text', text: '⚠️ Run Record Archiver Import Failures' },
    });
    expect(second?.fields?.[0]).toEqual({ type: 'mrkdwn', text: '*Host:*\ndaq01' });
    expect(slack.posted[0]?.blocks.at(-1)?.text?.text).toBe('<@U1> <@U2>');
    expect(logger.lines).toContain('INFO Slack notification sent successfully to channel #alerts');
  });

  it('arrives through a proxy', async () => {
    const proxy = await ForwardProxy.start();
    try {
      await send(slack.url, undefined, { HTTP_PROXY: proxy.url });
    } finally {
      await proxy.stop();
    }
    expect(slack.posted).toHaveLength(1);
    expect(proxy.lines).toMatchObject([{ method: 'CONNECT', target: new URL(slack.url).host }]);
  });

  it('goes through the proxy that the environment names', async () => {
    const HTTP_PROXY = slack.url.replace('/api/', '');
    // A proxy is asked for a tunnel, which this server does not make.
    await expect(send('http://slack.invalid/api', undefined, { HTTP_PROXY })).rejects.toThrow(
      'did not take the message',
    );
    expect(slack.tunnels).toEqual(['slack.invalid:80']);
  });
});

describe('an error says what to do', () => {
  const answers: readonly (readonly [SlackAnswer, RegExp])[] = [
    [
      { kind: 'error', error: 'channel_not_found' },
      /channel #alerts: channel_not_found\. Check reporting\.slack\.channel/,
    ],
    [{ kind: 'error', error: 'not_in_channel' }, /invited to that channel/],
    [{ kind: 'error', error: 'invalid_auth' }, /invalid_auth\. Check reporting\.slack\.bot_token/],
    [{ kind: 'error', error: 'missing_scope' }, /chat:write/],
    [{ kind: 'error', error: 'something_new' }, /something_new.*description of the method/],
    [{ kind: 'error', error: 'ratelimited' }, /ratelimited.*tries again.*repeat_hours/],
    [{ kind: 'error', error: 'invalid_blocks' }, /invalid_blocks.*bug of the archiver/],
    [{ kind: 'error', error: 'restricted_action' }, /restricted_action.*ask its administrators/],
    [
      { kind: 'error', error: 'internal_error' },
      /internal_error.*has trouble; the next execution tries again/,
    ],
    [{ kind: 'rate-limited', retryAfter: '30' }, /no more messages for 30 s.*tries again/],
    [{ kind: 'rate-limited', retryAfter: 'soon' }, /no more messages for now.*tries again/],
    [{ kind: 'raw', status: 200, body: '<html>Log in first' }, /<html>Log in first.*no answer of Slack/],
    [{ kind: 'raw', status: 200, body: 'x'.repeat(100_000) }, /xxx…/],
    [{ kind: 'raw', status: 200, body: 'null' }, /did not take the message/],
    [{ kind: 'raw', status: 200, body: '' }, /did not take the message/],
    [{ kind: 'raw', status: 429, body: 'slow down' }, /HTTP status 429.*tries again/],
    [{ kind: 'raw', status: 503, body: 'down' }, /HTTP status 503\. Slack, or a proxy on the way/],
    [{ kind: 'raw', status: 403, body: 'no' }, /HTTP status 403\. This is no answer of Slack/],
    [{ kind: 'raw', status: 302, body: '' }, /did not take the message/],
    [{ kind: 'break' }, /did not take the message/],
  ];
  it.each(answers)('if the answer is %j', async (answer, expected) => {
    slack.answer = answer;
    const message = await failure(slack.url);
    expect(message).toMatch(expected);
    // It does, or the advice would be another.
    if (answer.kind !== 'break') expect(message).not.toContain('Check that this host reaches Slack');
    expect(slack.posted).toHaveLength(1);
  });

  it('if nobody listens on the port', async () => {
    expect(await failure(`http://127.0.0.1:${await closedPort()}/`)).toMatch(/ECONNREFUSED.*HTTPS_PROXY/);
  });

  it.each(['no address', 'ftp://example.com/'])('if the base address is %j', async (url) => {
    expect(await failure(url)).toContain('did not take the message');
  });

  it('if the proxy closes its connections, after one attempt', async () => {
    let asked = 0;
    const proxy = createServer((socket) => {
      asked++;
      socket.once('data', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const HTTP_PROXY = `http://127.0.0.1:${port}`;
    await expect(
      send('http://slack.invalid/api', AbortSignal.timeout(60_000), { HTTP_PROXY }),
    ).rejects.toThrow(/the proxy .* closed the connection/);
    expect(asked).toBeLessThan(5);
    proxy.close();
  });

  it('if the certificate is of a private authority', async () => {
    const key = readFileSync(certificateFile.replace('cert.pem', 'key.pem'));
    const server = createHttpsServer({ key, cert: readFileSync(certificateFile) }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await failure(`https://127.0.0.1:${port}/api/`)).toMatch(/self-signed.*NODE_EXTRA_CA_CERTS/);
    server.close();
  });

  it('if the proxy is no address', async () => {
    await expect(send(slack.url, undefined, { HTTP_PROXY: 'proxy:x' })).rejects.toThrow('HTTPS_PROXY');
  });

  it('if no answer comes until it must give up', async () => {
    const silent = await SilentServer.start();
    const stop = new AbortController();
    const sending = send(`http://127.0.0.1:${silent.port}/`, stop.signal);
    await silent.connected;
    stop.abort();
    await expect(sending).rejects.toThrow('did not take the message');
    await silent.disconnected;
    await silent.close();
  });
});
