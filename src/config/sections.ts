import { z } from 'zod';
import { databaseUriForms, isDatabaseUri } from '../artdaqdb/schemes.ts';
import { uconDbLimits } from '../ucondb/ucondb.ts';
import { logLevel } from './log-level.ts';
import {
  amount,
  delay,
  filledText,
  flag,
  generateList,
  integer,
  optionalInteger,
  optionalPath,
  optionalText,
  optionalUri,
  path,
  port,
  text,
  timeout,
  uri,
} from './parameter-types.ts';
import type { ConfigPath } from './tree.ts';
import { isHttpUrl, isServerUrl, pingUrlForms, serverUrlForms } from './uri.ts';

const email = z.object({
  enabled: flag(false),
  recipient_email: optionalText(),
  sender_email: optionalText(),
  smtp_host: optionalText(),
  smtp_port: port().default(25),
  smtp_use_tls: flag(false),
  smtp_tls_verify: flag(true),
  smtp_user: optionalText(),
  smtp_password: optionalText(),
});

const slack = z.object({
  enabled: flag(false),
  bot_token: optionalText(),
  channel: optionalText(),
  mention_users: optionalText(),
});

/** Every section and parameter of a configuration file, with type and default. */
export const configFile = z.object({
  app: z.object({
    work_dir: path().default('/tmp/run_record_archiver'),
    import_state_file: path().optional(),
    import_failure_log: path().optional(),
    migrate_state_file: path().optional(),
    migrate_failure_log: path().optional(),
    lock_file: path().optional(),
    batch_size: integer({ min: 1 }).default(5),
    parallel_workers: integer({ min: 1 }).default(2),
    run_process_retries: integer({ min: 0 }).default(2),
    retry_delay_seconds: delay().default(3),
    exclude_most_recent_run: flag(false),
    log_level: logLevel().default('INFO'),
    log_file: optionalPath(),
  }),
  app_fuzz: z.object({
    random_skip_percent: amount(100).default(0),
    random_error_percent: amount(100).default(0),
    random_skip_retry: flag(false),
    random_error_retry: flag(false),
    seed: optionalInteger(),
  }),
  source_files: z.object({
    run_records_dir: path(),
    wait_for_stop_time_hours: amount().default(0),
  }),
  artdaq_db: z.object({
    database_uri: uri(databaseUriForms, isDatabaseUri),
    fcl_conf_dir: path(),
    use_tools: flag(false),
    remote_host: optionalText(),
    ssh_verify_host: flag(true),
  }),
  ucon_db: z.object({
    server_url: uri(serverUrlForms, isServerUrl),
    folder_name: filledText(),
    object_name: filledText(),
    writer_user: text(),
    writer_password: text(),
    timeout_seconds: timeout().default(10),
    listing_timeout_seconds: timeout().default(uconDbLimits.listingTimeoutSeconds),
    max_listing_mb: integer({ min: 1 }).default(uconDbLimits.maxListingMb),
    // What Node.js can hold in one piece.
    max_blob_mb: integer({ min: 1, max: 4000 }).default(uconDbLimits.maxBlobMb),
    tls_verify: flag(true),
    ca_file: optionalPath(),
    replace_incomplete: flag(false),
  }),
  reporting: z.object({
    email,
    slack,
    repeat_hours: amount().default(24),
  }),
  carbon: z.object({
    enabled: flag(false),
    host: optionalText(),
    port: port().default(2003),
    metric_prefix: optionalText(),
  }),
  metrics: z.object({
    textfile: optionalPath(),
    label: optionalText(),
  }),
  healthcheck: z.object({
    url: optionalUri(pingUrlForms, isHttpUrl),
  }),
  fhiclize_generate: generateList(),
});

/** What must be given when a section's feature is switched on. */
export const requiredWhenEnabled: readonly {
  readonly section: ConfigPath;
  readonly names: readonly string[];
}[] = [
  { section: ['reporting', 'email'], names: ['recipient_email', 'sender_email', 'smtp_host'] },
  { section: ['reporting', 'slack'], names: ['bot_token', 'channel'] },
  { section: ['carbon'], names: ['host', 'metric_prefix'] },
];

/** The paths of all sections, outermost first. */
export const sectionPaths: readonly ConfigPath[] = pathsOf(configFile).filter((path) => isSectionPath(path));

/** The paths of all parameters. */
export const parameterPaths: readonly ConfigPath[] = pathsOf(configFile).filter(
  (path) => !isSectionPath(path),
);

/** Those that are numbers. */
export const numericParameters: readonly ConfigPath[] = parameterPaths.filter((path) => {
  const schema = schemaAt(path);
  return schema instanceof z.ZodType && schema.safeParse('2').success && !schema.safeParse('text').success;
});

function pathsOf(schema: z.ZodObject, prefix: ConfigPath = []): ConfigPath[] {
  return Object.entries(schema.shape).flatMap(([name, member]) => [
    [...prefix, name],
    ...(member instanceof z.ZodObject ? pathsOf(member, [...prefix, name]) : []),
  ]);
}

function isSectionPath(path: ConfigPath): boolean {
  return schemaAt(path) instanceof z.ZodObject;
}

function schemaAt(path: ConfigPath): unknown {
  let schema: unknown = configFile;
  for (const name of path) schema = schema instanceof z.ZodObject ? schema.shape[name] : undefined;
  return schema;
}
