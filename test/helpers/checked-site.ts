import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckResult } from '../../src/checks/run-checks.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type CheckTimes, checkConfig } from '../../src/modes/check-config.ts';
import { Site as Places } from '../../src/site.ts';
import { LineReceiver } from './line-receiver.ts';
import { recordingLogger } from './recording-logger.ts';
import { type Parameters, Site } from './site.ts';
import { SlackServer } from './slack-server.ts';
import { MailServer } from './smtp-server.ts';
import { SiteUconDb } from './ucondb-for-site.ts';

/** What a check of a configuration led to. */
export interface CheckReport {
  readonly usable: boolean;
  readonly checks: readonly CheckResult[];
  /** As an operator sees them. */
  readonly lines: readonly string[];
}

/** A site in which everything that a configuration can name is there and answers. */
export class CheckedSite {
  readonly site: Site;
  readonly ucondb: SiteUconDb;
  readonly mail: MailServer;
  readonly slack: SlackServer;
  readonly carbon: LineReceiver;
  readonly tools: string;
  readonly metrics: string;

  static async start(): Promise<CheckedSite> {
    return new CheckedSite(
      await SiteUconDb.start(),
      await MailServer.start(),
      await SlackServer.start(),
      await LineReceiver.start(),
    );
  }

  private constructor(ucondb: SiteUconDb, mail: MailServer, slack: SlackServer, carbon: LineReceiver) {
    this.ucondb = ucondb;
    this.mail = mail;
    this.slack = slack;
    this.carbon = carbon;
    this.site = new Site().make(ucondb.url);
    this.site.addRuns(7, 12);
    mkdirSync(this.site.work);
    writeFileSync(join(this.site.work, 'importer_state.json'), '{"last_contiguous_run": 7}');
    writeFileSync(join(this.site.work, 'import_failures.log'), '5\n');
    this.tools = join(this.site.directory, 'programs');
    this.metrics = join(this.site.directory, 'metrics');
    mkdirSync(this.tools);
    mkdirSync(this.metrics);
    for (const tool of ['bulkloader', 'bulkdownloader'])
      this.writeTool(tool, 'echo "usage: -p path"; exit 1');
  }

  /** Makes a program of a shell script. */
  writeTool(name: string, script: string): void {
    writeFileSync(join(this.tools, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.tools, name), 0o755);
  }

  /** Makes the check as the program does, with parameters in place of those that are right. */
  async check(parameters: Parameters = {}, env: object = {}, limits?: CheckTimes): Promise<CheckReport> {
    const { site, slack } = this;
    site.configure(this.ucondb.url, this.#with(parameters));
    const environment = { PATH: `${this.tools}:${process.env.PATH}`, SLACK_API_URL: slack.url, ...env };
    const { config, warnings } = await loadConfig(site.config, environment);
    const logger = recordingLogger();
    const now = () => new Date();
    const sleep = async () => undefined;
    const places = new Places({
      config,
      logger: () => logger,
      env: environment,
      now,
      sleep,
      dryRun: false,
    });
    let printed = '';
    const usable = await checkConfig(
      {
        mode: 'check-config',
        configPath: site.config,
        verbose: false,
        quiet: false,
        dryRun: false,
        json: true,
      },
      {
        site: places,
        logger,
        warnings,
        print: (text) => {
          printed += text;
        },
        progress: undefined,
        screen: undefined,
        shutdown: new AbortController().signal,
        stagesBegin: async () => undefined,
        stageEnded: async () => undefined,
        account: () => undefined,
        enter: () => undefined,
      },
      limits,
    );
    await places.close();
    const { checks, usable: alsoUsable }: CheckReport = JSON.parse(printed);
    if (usable !== alsoUsable) throw new Error('the JSON and the result disagree');
    return { usable, checks, lines: logger.lines };
  }

  /** What there is on disk: names, kinds, modes, contents and times of files. */
  tree(): string[] {
    const paths = readdirSync(this.site.directory, { recursive: true, encoding: 'utf8' }).sort();
    return paths.map((name) => {
      const path = join(this.site.directory, name);
      const stats = lstatSync(path);
      if (!stats.isFile() || path === this.site.config) return `${name} ${stats.mode}`;
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
      return `${name} ${stats.mode} ${stats.mtimeMs} ${hash}`;
    });
  }

  async stop(): Promise<void> {
    this.site.remove();
    await Promise.all([this.ucondb.remove(), this.mail.close(), this.slack.close(), this.carbon.stop()]);
  }

  #with(parameters: Parameters): Parameters {
    const sections: Record<string, Parameters[string]> = {
      artdaq_db: { use_tools: true },
      reporting: {
        email: {
          enabled: true,
          recipient_email: 'ops@example.org',
          sender_email: 'archiver@example.org',
          smtp_host: '127.0.0.1',
          smtp_port: this.mail.port,
        },
        slack: { enabled: true, bot_token: 'xoxb-only-in-tests', channel: 'run-ops' },
      },
      carbon: { enabled: true, host: '127.0.0.1', port: this.carbon.port, metric_prefix: 'test' },
      metrics: { textfile: join(this.metrics, 'archiver.prom') },
      healthcheck: { url: 'https://ping.example.org/secret-part' },
    };
    for (const [section, values] of Object.entries(parameters)) {
      const merged: Record<string, string | number | boolean | object> = { ...sections[section] };
      for (const [name, value] of Object.entries(values)) {
        const before = merged[name];
        merged[name] = isObject(before) && isObject(value) ? { ...before, ...value } : value;
      }
      sections[section] = merged;
    }
    return sections;
  }
}

function isObject(value: string | number | boolean | object | undefined): value is object {
  return typeof value === 'object';
}
