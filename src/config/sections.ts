import { z } from 'zod';
import { databaseUriForms, isDatabaseUri } from '../artdaqdb/schemes.ts';
import { uconDbLimits } from '../ucondb/ucondb.ts';
import {
  amount,
  amountTo,
  delay,
  filledText,
  flag,
  generateList,
  integerBetween,
  integerFrom,
  logFormat,
  logLevel,
  minutesLimit,
  optionalInteger,
  optionalPath,
  optionalPingUrl,
  optionalText,
  path,
  port,
  serverUrl,
  text,
  timeout,
  uri,
} from './parameter-types.ts';
import type { ConfigPath } from './tree.ts';

/** A section that is absent, or has all its lines commented out, is an empty one. */
function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.preprocess(orEmpty, objectOf(shape)).meta({ nullable: true });
}

/** A section whose `required` parameters must be given once it is enabled. */
function switchable<Shape extends z.ZodRawShape>(name: string, required: readonly string[], shape: Shape) {
  const message = `a text, because ${name}.enabled is true`;
  const checked = objectOf(shape).superRefine(
    (value: Readonly<Record<string, unknown>>, context) => {
      if (value.enabled !== true) return;
      for (const missing of required.filter((each) => value[each] === undefined)) {
        context.addIssue({ code: 'custom', path: [missing], message });
      }
    },
    // Beside other problems, too, so that all are named at once.
    { when: () => true },
  );
  return z.preprocess(orEmpty, checked).meta({ nullable: true });
}

function objectOf<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape, 'a section (lines `parameter: value` below it)');
}

function orEmpty(value: unknown): unknown {
  return value ?? {};
}

/** Every section and parameter of a configuration file, with type and default. */
export const configFile = z.object({
  app: section({
    work_dir: path.default('/tmp/run_record_archiver'),
    import_state_file: path.optional(),
    import_failure_log: path.optional(),
    migrate_state_file: path.optional(),
    migrate_failure_log: path.optional(),
    lock_file: path.optional(),
    batch_size: integerFrom(1).default(5),
    parallel_workers: integerFrom(1).default(2),
    run_process_retries: integerFrom(0).default(2),
    retry_delay_seconds: delay.default(3),
    exclude_most_recent_run: flag(false),
    execution_limit_minutes: minutesLimit.default(0),
    min_free_mb: amount.default(100),
    log_level: logLevel.prefault('INFO'),
    log_format: logFormat.default('text'),
    log_file: optionalPath,
  }),
  app_fuzz: section({
    random_skip_percent: amountTo(100).default(0),
    random_error_percent: amountTo(100).default(0),
    random_skip_retry: flag(false),
    random_error_retry: flag(false),
    seed: optionalInteger,
  }),
  source_files: section({
    run_records_dir: path,
    wait_for_stop_time_hours: amount.default(0),
  }),
  artdaq_db: section({
    database_uri: uri(databaseUriForms, isDatabaseUri),
    database_password_file: optionalPath,
    fcl_conf_dir: path,
    use_tools: flag(false),
    remote_host: optionalText,
    ssh_verify_host: flag(true),
  }),
  ucon_db: section({
    server_url: serverUrl,
    folder_name: filledText,
    object_name: filledText,
    writer_user: text,
    writer_password: text,
    writer_password_file: optionalPath,
    timeout_seconds: timeout.default(10),
    listing_timeout_seconds: timeout.default(uconDbLimits.listingTimeoutSeconds),
    max_listing_mb: integerFrom(1).default(uconDbLimits.maxListingMb),
    // What Node.js can hold in one piece.
    max_blob_mb: integerBetween(1, 4000).default(uconDbLimits.maxBlobMb),
    max_in_flight: integerFrom(1).optional(),
    tls_verify: flag(true),
    ca_file: optionalPath,
    replace_incomplete: flag(false),
  }),
  reporting: section({
    email: switchable('reporting.email', ['recipient_email', 'sender_email', 'smtp_host'], {
      enabled: flag(false),
      recipient_email: optionalText,
      sender_email: optionalText,
      smtp_host: optionalText,
      smtp_port: port.default(25),
      smtp_use_tls: flag(false),
      smtp_tls_verify: flag(true),
      smtp_user: optionalText,
      smtp_password: optionalText,
      smtp_password_file: optionalPath,
    }),
    slack: switchable('reporting.slack', ['bot_token', 'channel'], {
      enabled: flag(false),
      bot_token: optionalText,
      bot_token_file: optionalPath,
      channel: optionalText,
      mention_users: optionalText,
    }),
    repeat_hours: amount.default(24),
    expected_every_minutes: amount.default(0),
  }),
  carbon: switchable('carbon', ['host', 'metric_prefix'], {
    enabled: flag(false),
    host: optionalText,
    port: port.default(2003),
    metric_prefix: optionalText,
  }),
  metrics: section({
    textfile: optionalPath,
    label: optionalText,
  }),
  healthcheck: section({
    url: optionalPingUrl,
  }),
  fhiclize_generate: generateList,
});

/** The parameters of a configuration file with their types and defaults, under their names in the file. */
export type FileConfig = z.output<typeof configFile>;

const members = membersOf(configFile.shape, []);

/** The paths of all sections, outermost first. */
export const sectionPaths: readonly ConfigPath[] = members
  .filter(({ isSection }) => isSection)
  .map(({ path: where }) => where);

/** The paths of all parameters. */
export const parameterPaths: readonly ConfigPath[] = members
  .filter(({ isSection }) => !isSection)
  .map(({ path: where }) => where);

/** The paths of the parameters that are numbers. */
export const numericParameters: readonly ConfigPath[] = members
  .filter(({ type }) => typeof type.safeParse('2').data === 'number')
  .map(({ path: where }) => where);

/**
 * Can a parameter, alone, have this value?
 * @param name such as `app.work_dir`
 * @returns what is allowed, if it can't; undefined if it can
 */
export function checkParameter(name: string, value: string): string | undefined {
  const member = members.find(({ path: where, isSection }) => !isSection && where.join('.') === name);
  if (member === undefined) return 'the name of a parameter of config.yaml.template';
  return member.type.safeParse(value).error?.issues[0]?.message;
}

/** A section or parameter of {@link configFile}. */
interface Member {
  readonly path: ConfigPath;
  readonly type: z.ZodType;
  readonly isSection: boolean;
}

function membersOf(shape: z.ZodRawShape, prefix: ConfigPath): Member[] {
  return Object.entries(shape).flatMap(([name, member]) => {
    const type = member as z.ZodType;
    const where = [...prefix, name];
    const inner = type instanceof z.ZodPipe ? type.out : type;
    if (!(inner instanceof z.ZodObject)) return [{ path: where, type, isSection: false }];
    return [{ path: where, type, isSection: true }, ...membersOf(inner.shape, where)];
  });
}
