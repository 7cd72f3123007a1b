import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { closedPort } from './closed-port.ts';
import { type LineProcess, startLineProcess } from './line-process.ts';

const cache = '/usr/bin/carbon-cache';
const fetcher = '/usr/bin/whisper-fetch';

/** Is Carbon there to test with? With ARCHIVER_TEST_REQUIRE_CARBON=1 its absence is an error. */
export function hasGraphiteCarbon(): boolean {
  const missing = [cache, fetcher].filter((path) => !existsSync(path));
  if (missing.length === 0) return true;
  const message = `Metrics are not tested with a real Carbon: no ${missing.join(', ')} (install graphite-carbon)`;
  if (process.env.ARCHIVER_TEST_REQUIRE_CARBON === '1') throw new Error(message);
  process.stderr.write(`${message}\n`);
  return false;
}

/** Carbon of Debian's package graphite-carbon on loopback, which keeps a value a second in files of a directory. */
export class GraphiteCarbon {
  readonly port: number;
  readonly #directory: string;
  readonly #process: LineProcess;

  private constructor(port: number, directory: string, process: LineProcess) {
    this.port = port;
    this.#directory = directory;
    this.#process = process;
  }

  static async start(directory: string): Promise<GraphiteCarbon> {
    const port = await closedPort();
    const parameters = {
      STORAGE_DIR: directory,
      LOCAL_DATA_DIR: join(directory, 'whisper'),
      CONF_DIR: directory,
      LOG_DIR: directory,
      PID_DIR: directory,
      LINE_RECEIVER_INTERFACE: '127.0.0.1',
      LINE_RECEIVER_PORT: port,
      PICKLE_RECEIVER_PORT: 0,
      CACHE_QUERY_INTERFACE: '127.0.0.1',
      CACHE_QUERY_PORT: 0,
      MAX_CREATES_PER_MINUTE: 'inf',
      MAX_UPDATES_PER_SECOND: 'inf',
      CARBON_METRIC_INTERVAL: 0,
      ENABLE_TAGS: 'False',
    };
    const lines = Object.entries(parameters).map(([name, value]) => `${name} = ${value}\n`);
    const config = join(directory, 'carbon.conf');
    mkdirSync(directory, { recursive: true });
    writeFileSync(config, `[cache]\n${lines.join('')}`);
    writeFileSync(join(directory, 'storage-schemas.conf'), '[all]\npattern = .*\nretentions = 1s:1d\n');
    const carbon = new GraphiteCarbon(
      port,
      directory,
      startLineProcess(cache, ['--config', config, '--nodaemon', 'start']),
    );
    await carbon.says(`starting on ${port}`);
    return carbon;
  }

  /** Waits for a line of its log that holds the text; those before are passed over. */
  async says(text: string): Promise<void> {
    let line: string;
    do line = await this.#process.line();
    while (!line.includes(text));
  }

  /** What it keeps of a metric since a Unix time: values by Unix time. */
  async values(metric: string, since: number): Promise<[time: number, value: number][]> {
    const path = join(this.#directory, 'whisper', `${metric.replaceAll('.', '/')}.wsp`);
    const { stdout } = await promisify(execFile)(fetcher, [`--from=${since}`, path]);
    const rows = stdout.split('\n').filter((row) => /\d$/.test(row));
    return rows.map((row) => row.split('\t').map(Number)).map(([time = 0, value = 0]) => [time, value]);
  }

  async stop(): Promise<void> {
    await this.#process.kill();
  }
}
