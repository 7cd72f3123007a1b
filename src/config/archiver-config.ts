import { join } from 'node:path';
import type { Environment } from '../environment.ts';
import type { LogLevel } from '../log/log-line.ts';
import { proxyAddresses } from '../net/proxy.ts';
import { userInfoOf } from '../net/user-info.ts';
import type { FileConfig } from './sections.ts';

type CamelCase<Name> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

type CamelCased<Value> =
  Value extends ReadonlySet<unknown>
    ? Value
    : Value extends object
      ? { readonly [Name in keyof Value as CamelCase<Name>]: CamelCased<Value[Name]> }
      : Value;

type FileSections = CamelCased<FileConfig>;

/** Parameters of `app` that are always filled in, whatever the file says. */
interface DerivedParameters {
  readonly importStateFile: string;
  readonly importFailureLog: string;
  readonly migrateStateFile: string;
  readonly migrateFailureLog: string;
  readonly lockFile: string;
  readonly logLevel: LogLevel;
}

/**
 * The configuration as the program uses it: the sections and parameters of `sections.ts` (explained in
 * config.yaml.template) in camel case, with all defaults. A parameter without value and default is undefined.
 */
export type ArchiverConfig = Omit<FileSections, 'app' | 'uconDb'> & {
  readonly app: Omit<FileSections['app'], keyof DerivedParameters> & DerivedParameters;
  readonly uconDb: FileSections['uconDb'] & { readonly maxInFlight: number };
  /** Passwords, tokens and the like, which no log, report or message may show. */
  readonly secrets: readonly string[];
};

/** Fills in the defaults that depend on another parameter or on the environment. */
export function toArchiverConfig(file: FileConfig, env: Environment): ArchiverConfig {
  const config = camelCased(file);
  const inWorkDir = (path: string | undefined, name: string) => path ?? join(config.app.workDir, name);
  return {
    ...config,
    app: {
      ...config.app,
      importStateFile: inWorkDir(config.app.importStateFile, 'importer_state.json'),
      importFailureLog: inWorkDir(config.app.importFailureLog, 'import_failures.log'),
      migrateStateFile: inWorkDir(config.app.migrateStateFile, 'migrator_state.json'),
      migrateFailureLog: inWorkDir(config.app.migrateFailureLog, 'migrate_failures.log'),
      lockFile: inWorkDir(config.app.lockFile, '.archiver.lock'),
      logLevel: config.app.logLevel ?? 'INFO',
    },
    artdaqDb: {
      ...config.artdaqDb,
      remoteHost: config.artdaqDb.remoteHost ?? (env.ARTDAQ_DATABASE_REMOTEHOST || undefined),
    },
    uconDb: { ...config.uconDb, maxInFlight: config.uconDb.maxInFlight ?? config.app.parallelWorkers },
    secrets: secretsOf(config, env),
  };
}

function secretsOf({ artdaqDb, uconDb, reporting, healthcheck }: FileSections, env: Environment): string[] {
  const secrets = [
    ...userInfoOf(artdaqDb.databaseUri),
    ...proxyAddresses(env).flatMap(userInfoOf),
    uconDb.writerPassword,
    reporting.email.smtpPassword,
    reporting.slack.botToken,
    healthcheck.url,
  ];
  return secrets.filter((secret): secret is string => secret !== undefined && secret !== '');
}

function camelCased<Value>(value: Value): CamelCased<Value> {
  if (typeof value !== 'object' || value === null || value instanceof Set) return value as CamelCased<Value>;
  const members = Object.entries(value).map(([name, member]) => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    camelCased(member),
  ]);
  return Object.fromEntries(members) as CamelCased<Value>;
}
