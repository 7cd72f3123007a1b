import { readdirSync } from 'node:fs';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { authorizationHeader } from '../../../src/ucondb/digest.ts';
import { Failure } from '../../../tools/ucondb-server/failure.ts';
import { startUconDbServer, type UconDbServerOptions } from '../../../tools/ucondb-server/server.ts';
import type { VersionStore } from '../../../tools/ucondb-server/version-store.ts';
import { type RawAnswer, sendRaw } from '../../helpers/raw-http.ts';
import { type Exchange, readTranscript } from '../../helpers/ucondb-transcript.ts';

/**
 * Replays every recorded request, in the order and from the state in which the transcripts were made, and compares status
 * line, headers and body. Times, nonces and request ids differ from run to run; tracebacks are elided in the transcripts.
 */

const transcripts = new URL('../../fixtures/golden/ucondb/', import.meta.url).pathname;
const account = { user: 'archiver', password: 'secret' };
const folders = ['bench', 'scratch', 'test01'];

/** What was done to the state between the transcripts. */
interface Change {
  readonly put: string;
  readonly body: Buffer;
}

/** What an administrator did to the database. */
interface Flag {
  readonly deleted: string;
}

interface Session {
  readonly name: string;
  readonly options?: Partial<UconDbServerOptions>;
  /** Serial numbers are those of a busier server. */
  readonly otherNumbers?: boolean;
  /** The body is not recorded; it is not sent, as the answer comes without reading it. */
  readonly unsentBodies?: readonly string[];
  readonly busy?: boolean;
  readonly steps: readonly (string | Change | Flag)[];
}

const key = (object: string, name: string, more = ''): string =>
  `/app/data/${object}?key=${name}&tag=${name}&override=no${more}`;

const sessions: readonly Session[] = [
  {
    name: 'a folder from its first version on',
    steps: [
      ...'a1_version a2_folders a3_objects_empty_folder a4_objects_unknown_folder'.split(' '),
      ...'b1_versions_no_object_yet b2_versions_unknown_folder b2b_versions_bad_folder_name'.split(' '),
      ...'c1_post_without_authorization c2_post_digest_curl c3_put_webapi_client c4_wrong_password'.split(
        ' ',
      ),
      ...'c5_unknown_user c6_unknown_folder c7_PUT_method c8_put_endpoint c9_basic_auth b3_versions'.split(
        ' ',
      ),
      ...'c10_delete_method c11_no_object a5_objects d1_same_key_same_body_override_no'.split(' '),
      ...'d2_same_key_other_body_override_no d3_same_key_override_default d4_webapi_put_existing_key'.split(
        ' ',
      ),
      ...'d5_override_yes_other_body d6_override_yes_same_body d7_versions_after_override d8_no_key'.split(
        ' ',
      ),
      ...'d9_key_in_path d10_two_tags d11_empty_key d12_param_twice d13_key_twice_in_query d14_bad_tv'.split(
        ' ',
      ),
      ...'e1_get_by_key e2_get_missing_key e3_get_meta_only e4_get_query_form e5_get_by_id'.split(' '),
      ...'e5b_get_by_id_meta e5c_get_by_missing_id e5d_get_by_missing_id_meta e6_get_by_tag'.split(' '),
      ...'e7_get_latest e8_get_unknown_object e9_get_unknown_folder e10_head e11_get_by_data_key'.split(' '),
      ...'f1_get_blob_data_key f2_get_blob_version_key f2b_get_blob_wrong_blob f3_get_blob_version_id'.split(
        ' ',
      ),
      ...'f4_get_blob_nonnumeric f5_get_blob_neither f5b_get_blob_key_param f5c_get_blob_unknown_folder'.split(
        ' ',
      ),
      ...'f5d_get_blob_compress f6_get_bulk f7_lookup_keys f8_lookup_key_range f8c_lookup_key_min_only'.split(
        ' ',
      ),
      'f9_lookup_ids',
      { put: key('test01/configuration', '1023'), body: Buffer.from('x') },
      ...'f8b_lookup_key_range_text_order f10_lookup_tvs f11_lookup_none_found f11b_lookup_empty_list'.split(
        ' ',
      ),
      ...'f12_lookup_unknown_object f12b_lookup_unknown_folder f13_lookup_get f14_lookup_int_keys'.split(' '),
      ...'f15_data_for_versions f16_tags f17_probe f18_tag_endpoint f19_versions_csv f20_folders_csv'.split(
        ' ',
      ),
      ...'f21_webapi_get_data_bulk f22_webapi_get f23_webapi_lookup_versions'.split(' '),
      ...'f24_webapi_get_data_with_run_number f25_webapi_lookup_unknown_object'.split(' '),
      {
        put: key('test01/configuration', '900', '&tv=4102444800'),
        body: Buffer.from('valid in the future\n'),
      },
      ...'b4_versions_default_tv_hides_future b5_versions_tv_param b6_get_future_key b7_versions_tr_since'.split(
        ' ',
      ),
      ...'b8_versions_tr b9_versions_bad_tv b10_versions_extra_params'.split(' '),
    ],
  },
  {
    name: 'digests, connections and bodies',
    unsentBodies: ['g21_unknown_folder_20MB'],
    steps: [
      ...'g1_preemptive_digest_any_nonce g2_nonce_reuse g3_replay g4_digest_uri_not_checked'.split(' '),
      ...'g5_digest_wrong_realm g6_digest_without_qop g7_digest_uri_with_comma g8_digest_no_space'.split(' '),
      ...'g9_lowercase_header_names g9b_digest_lowercase_scheme g9c_authenticator_header g10_keepalive'.split(
        ' ',
      ),
      ...'g11_http10 g11b_http10_post g12_expect_100 g12b_expect_100_lowercase'.split(' '),
      ...'g12c_expect_100_unknown_folder g13_chunked_upload g14_no_content_length g15_empty_body'.split(' '),
      ...'g15b_get_empty g16_truncated_half_close g16b_truncated_full_close g16c_small_truncated'.split(' '),
      ...'g17_body_longer_than_length g18_close_before_answer g19_bad_request_line g20_not_under_prefix'.split(
        ' ',
      ),
      ...'g20b_index g20c_absolute_uri g21_unknown_folder_20MB g23_utf8_bytes g24_webapi_str_latin1'.split(
        ' ',
      ),
      ...'g26_binary g27_crlf'.split(' '),
      { put: key('scratch/configuration', 'long2'), body: inflateSync(compressedBody()) },
      'g28_get_blob_compress',
    ],
  },
  {
    name: 'versions that are flagged deleted, odd uploads, folders made and dropped',
    otherNumbers: true,
    steps: [
      { put: key('scratch/delobj', 'd1'), body: Buffer.from('d1') },
      { put: key('scratch/delobj', 'd2'), body: Buffer.from('d2') },
      { deleted: '{"is":"deleted","folder":"scratch","id":1}\n' },
      'l2_deleted_version',
      { deleted: '{"is":"deleted","folder":"scratch","id":2}\n' },
      ...'l3_all_deleted l4_form_content_type l5_gzip_content_encoding l6_cli_put'.split(' '),
      ...'m1_create_folder m2_create_folder_drop m3_create_folder_foreign'.split(' '),
    ],
  },
  { name: 'a server that takes no uploads', options: { readOnly: true }, steps: ['l1_read_only_instance'] },
  {
    name: 'a server whose database is down',
    options: { wrapStore: withoutDatabase },
    steps: 'k1_db_down_get k2_db_down_versions k3_db_down_put k4_db_down_version k5_db_down_probe'.split(' '),
  },
  {
    name: 'a key that is taken while the put is under way',
    otherNumbers: true,
    options: { wrapStore: withFasterPut },
    steps: ['g31_lost_race'],
  },
  { name: 'a server that is busy', options: { maxRequests: 1 }, busy: true, steps: ['g34_503_overload'] },
];

describe.each(sessions)('$name', (session) => {
  it('answers as the original did', async () => {
    const data = await mkdtemp(join(tmpdir(), 'ucondb-replay-'));
    let server = await startUconDbServer({ data, folders, ...account, ...session.options });
    const times = new Map<string, string>();
    const stalled = session.busy ? await stallUpload(server.url) : undefined;
    try {
      for (const step of session.steps) {
        if (typeof step === 'string') {
          const unsent = session.unsentBodies?.includes(step) ?? false;
          await replay(step, server.url, session.otherNumbers ?? false, unsent, times);
        } else if ('put' in step) {
          await putRaw(server.url, step);
        } else {
          await server.close();
          await appendFile(join(data, 'ucondb.journal'), step.deleted);
          server = await startUconDbServer({ data, folders, ...account, ...session.options });
        }
      }
    } finally {
      stalled?.destroy();
      await server.close();
      await rm(data, { recursive: true });
    }
  });
});

it('the replay leaves out no recorded request', () => {
  const replayed = sessions.flatMap(({ steps }) => steps.filter((step) => typeof step === 'string'));
  const recorded = readdirSync(transcripts)
    .filter((name) => name.endsWith('.http') && readTranscript(join(transcripts, name)).length > 0)
    .map((name) => name.replace(/\.http$/, ''));
  expect(replayed.toSorted()).toEqual(recorded.toSorted());
});

async function replay(
  name: string,
  url: string,
  otherNumbers: boolean,
  unsentBody: boolean,
  times: Map<string, string>,
): Promise<void> {
  for (const [index, exchange] of readTranscript(join(transcripts, `${name}.http`)).entries()) {
    const lines = exchange.requestHead.map((line) =>
      line.replace(
        /(tr(?:_since)?=)(\d+\.\d+)/,
        (_, parameter: string, time: string) => parameter + (times.get(time) ?? time),
      ),
    );
    const body =
      unsentBody || (exchange.interim && exchange.requestBody.length === 0)
        ? Buffer.alloc(0)
        : exchange.requestBody;
    const answer = await sendRaw(url, `${lines.join('\r\n')}\r\n\r\n`, body, exchange.interim);
    const where = `${name}, request ${index + 1}`;
    expect(comparableAnswer(answer, otherNumbers), where).toEqual(comparableExchange(exchange, otherNumbers));
    expectBody(answer.body, exchange.body ?? Buffer.alloc(0), otherNumbers, where);
    expectLength(answer, where);
    learnTime(exchange, answer, times);
  }
}

function comparableAnswer({ interim, statusLine, headers, bare }: RawAnswer, otherNumbers: boolean) {
  return { interim, bare, statusLine, headers: headers.map((line) => comparable(line, otherNumbers)) };
}

function comparableExchange({ interim, statusLine, headers, body }: Exchange, otherNumbers: boolean) {
  return {
    interim: interim ? 'HTTP/1.1 100 Continue\n\n' : '',
    bare: body === undefined,
    statusLine,
    headers: headers.map((line) => comparable(line, otherNumbers)),
  };
}

/** Replaces what differs from run to run. */
function comparable(text: string, otherNumbers: boolean): string {
  const same = text
    .replace(/^X-WebPie-Request-Id: [0-9]{3}\.[A-Za-z]{3}\.[0-9]{3}$/, 'X-WebPie-Request-Id: <id>')
    .replace(/^Content-Length: \d+$/, 'Content-Length: <length>')
    .replace(/^X-UConDB-tr: \d+\.\d+$/, 'X-UConDB-tr: <time>')
    .replace(/nonce="b'[A-Za-z0-9+/=]+'"/, 'nonce="<nonce>"')
    .replace(/"tr": \d+\.\d+/g, '"tr": <time>')
    .replace(/^(?:\(traceback elided\)|Traceback \(most recent call last\):)$/gm, '<traceback>');
  if (!otherNumbers) return same;
  return same
    .replace(/"(id|data_key)": "?\d+"?/g, '"$1": <number>')
    .replace(/^(X-UConDB-(?:version-id|data-key)): \d+$/, '$1: <number>');
}

function expectBody(found: Buffer, recorded: Buffer, otherNumbers: boolean, where: string): void {
  const [foundText, recordedText] = [found, recorded].map((body) =>
    records(comparable(body.toString('latin1'), otherNumbers)),
  );
  const [head = '', tail] = (recordedText ?? '').split(/\n\[\.\.\. \d+ characters elided \.\.\.\]\n/);
  if (tail === undefined) {
    expect(foundText, where).toBe(recordedText);
    return;
  }
  expect(foundText, where).toMatch(/^\[\{.*\}\]$/);
  expect(foundText?.startsWith(wholeFields(head)), where).toBe(true);
  expect(foundText?.endsWith(tail), where).toBe(true);
}

/** A cut listing up to its last whole field. */
function wholeFields(head: string): string {
  return head.slice(0, head.lastIndexOf(', ') + 2);
}

/** A JSON text sequence is in no order that counts. */
function records(text: string): string {
  return text.startsWith('\x1e') ? text.split('\x1e').sort().join('\x1e') : text;
}

function expectLength(answer: RawAnswer, where: string): void {
  const stated = answer.headers.find((line) => line.startsWith('Content-Length: '));
  if (stated !== undefined) expect(stated, where).toBe(`Content-Length: ${answer.body.length}`);
}

/** Later requests name record times. */
function learnTime({ body }: Exchange, answer: RawAnswer, times: Map<string, string>): void {
  const time = (text: string): string | undefined => /^\{.*"tr": (\d+\.\d+)/.exec(text)?.[1];
  const [recorded, found] = [time(body?.toString('latin1') ?? ''), time(answer.body.toString('latin1'))];
  if (recorded !== undefined && found !== undefined) times.set(recorded, found);
}

async function putRaw(url: string, { put, body }: Change): Promise<void> {
  const folder = put.split('/')[3];
  const challenge = {
    realm: `ucon_prd.${folder}`,
    nonce: 'x',
    opaque: undefined,
    algorithm: 'MD5',
    stale: false,
    qopAuth: true,
  } as const;
  const request = { method: 'POST', uri: put, ...account, cnonce: 'c0ffee', nc: '00000001' };
  const head = `POST ${put} HTTP/1.1\r\nAuthorization: ${authorizationHeader(challenge, request)}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const answer = await sendRaw(url, head, body, false);
  expect(answer.statusLine).toBe('HTTP/1.1 200 OK');
}

/** Begins an upload and leaves it unfinished; the request that fills the server. */
async function stallUpload(url: string) {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  socket.write(
    'POST /app/data/scratch/configuration?key=1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  );
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

function compressedBody(): Buffer {
  const [exchange] = readTranscript(join(transcripts, 'g28_get_blob_compress.http'));
  return exchange?.body ?? Buffer.alloc(0);
}

function withoutDatabase(): VersionStore {
  const down = (): never => {
    throw new Failure(
      'psycopg2.OperationalError',
      'connection to server at "localhost", port 15432 failed: Connection refused\n' +
        '\tIs the server running on that host and accepting TCP/IP connections?\n',
    );
  };
  return {
    ping: async () => down(),
    folders: down,
    versions: down,
    withKey: down,
    put: async () => down(),
    tag: async () => down(),
    blob: async () => down(),
    createFolder: async () => down(),
  };
}

/** Lets another put of the same key begin just before each one. */
function withFasterPut(store: VersionStore): VersionStore {
  return {
    ping: () => store.ping(),
    folders: () => store.folders(),
    versions: (folder) => store.versions(folder),
    withKey: (...key) => store.withKey(...key),
    put: async (folder, version) => {
      const [, slower] = await Promise.allSettled([
        store.put(folder, { ...version, body: Buffer.from('faster') }),
        store.put(folder, version),
      ]);
      if (slower?.status !== 'rejected') throw new Error('both puts were accepted');
      throw slower.reason;
    },
    tag: (...change) => store.tag(...change),
    blob: (...place) => store.blob(...place),
    createFolder: (...folder) => store.createFolder(...folder),
  };
}
