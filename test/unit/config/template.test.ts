import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { readYaml } from '../../../src/config/read-yaml.ts';
import { parameterPaths, sectionPaths } from '../../../src/config/sections.ts';
import { type ConfigSection, isSection, nameOf } from '../../../src/config/tree.ts';

const text = readFileSync(new URL('../../../config.yaml.template', import.meta.url), 'utf-8');

function names(section: ConfigSection, prefix: readonly string[] = []): string[] {
  return Object.entries(section).flatMap(([name, value]) => [
    nameOf([...prefix, name]),
    ...(isSection(value) ? names(value, [...prefix, name]) : []),
  ]);
}

/** What a site must set; everything else has a default. */
const required = {
  source_files: { run_records_dir: '/daq/run_records' },
  artdaq_db: {
    database_uri: 'filesystemdb:///tmp/run_record_archiver/artdaqdb/run_records_archive',
    fcl_conf_dir: '/daq/artdaq_database/conf',
  },
  ucon_db: {
    server_url: 'http://127.0.0.1:9443/app',
    folder_name: 'test01',
    object_name: 'configuration',
    writer_user: 'demo',
    writer_password: 'change-me',
  },
};

describe('config.yaml.template', () => {
  it('has every section and parameter, and no others', () => {
    expect(names(readYaml(text, 'template').tree).toSorted()).toEqual(
      [...sectionPaths, ...parameterPaths].map(nameOf).toSorted(),
    );
  });

  it('is valid as it is, without a warning', () => {
    const { warnings } = parseConfig(text, 'template', {});
    expect(warnings).toEqual([]);
  });

  it('sets every parameter to its default, except for the log file, what cron is expected to do, and parameters without default', () => {
    const { config } = parseConfig(text, 'template', {});
    const { config: defaults } = parseConfig(JSON.stringify(required), 'defaults', {});
    expect(config).toEqual({
      ...defaults,
      app: { ...defaults.app, logFile: '/tmp/run_record_archiver/archiver.log' },
      carbon: { ...defaults.carbon, host: 'carbon.example.com', metricPrefix: 'demo.run_archiver.dev' },
      reporting: {
        ...defaults.reporting,
        expectedEveryMinutes: 30,
        email: {
          ...defaults.reporting.email,
          recipientEmail: 'user@example.com',
          senderEmail: 'archiver@example.com',
          smtpHost: 'smtp.example.com',
        },
        slack: { ...defaults.reporting.slack, channel: '#run-archiver-alerts' },
      },
    });
  });

  it('takes the environment variables that it names', () => {
    const { config } = parseConfig(text, 'template', {
      WORK_DIR: '/w',
      RUN_RECORDS_DIR: '/r',
      FCL_CONF_DIR: '/f',
      ARTDAQDB_URL: 'filesystemdb:///d/b',
      UCONDB_URL: 'https://u/app',
      UCONDB_USER: 'user',
      UCONDB_PASSWORD: 'pass word',
    });
    expect(config.app.migrateFailureLog).toBe('/w/migrate_failures.log');
    expect(config.sourceFiles.runRecordsDir).toBe('/r');
    expect(config.artdaqDb).toMatchObject({ databaseUri: 'filesystemdb:///d/b', fclConfDir: '/f' });
    expect(config.uconDb).toMatchObject({
      serverUrl: 'https://u/app',
      writerUser: 'user',
      writerPassword: 'pass word',
    });
  });
});
