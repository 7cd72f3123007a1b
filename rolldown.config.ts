import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'rolldown';
import { commitOf } from './tools/package/commit.ts';

/** Puts the licences of bundled packages into a file beside them, as they ask for. */
const licences: Plugin = {
  name: 'licences',
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
    const packages = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []);
    const source = [...new Set(packages)].sort().map(licenceOf).join('\n');
    this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY-LICENCES.txt', source });
  },
};

/** Puts the commit into a file beside the programs, for `--version`. */
const commit: Plugin = {
  name: 'commit',
  generateBundle() {
    const source = commitOf(import.meta.dirname);
    if (source !== undefined) this.emitFile({ type: 'asset', fileName: 'commit', source: `${source}\n` });
  },
};

/** commander starts the programs of subcommands, which nothing here has; its starter takes longer to load than all the rest of it. */
const noSubcommands: Plugin = {
  name: 'no-subcommands',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('/commander/') === true ? NOTHING : null,
  load: (id) => (id === NOTHING ? 'module.exports = {};' : null),
};
const NOTHING = '\0nothing';

function licenceOf(directory: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const texts = readdirSync(directory).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (texts.length === 0) throw new Error(`${directory} has no text of its licence`);
  const lines = texts.map((file) => readFileSync(join(directory, file), 'utf8').trim());
  return [`## ${name} ${version} (${license})`, '', ...lines, ''].join('\n');
}

export default defineConfig({
  input: {
    loader: 'tools/start/loader.ts',
    'run-archiver': 'src/main.ts',
    'env-file': 'src/config/env-file.ts',
    'compare-artdaqdb-ucondb': 'tools/compare-artdaqdb-ucondb/main.ts',
    demo: 'tools/demo/main.ts',
    'repair-filesystemdb': 'tools/repair-filesystemdb/main.ts',
    'run-archiver-fhicl': 'tools/fhicl/main.ts',
    'run-config': 'tools/run-config/main.ts',
    'sample-records': 'tools/sample-records/main.ts',
    'ucondb-server': 'tools/ucondb-server/main.ts',
  },
  platform: 'node',
  tsconfig: 'tsconfig.json',
  // Most executions load none of these.
  external: ['@slack/web-api', 'mongodb', 'nodemailer', 'undici'],
  plugins: [licences, commit, noSubcommands],
  // What is imported late is evaluated late, even if it is in a file that is loaded anyway.
  checks: { ineffectiveDynamicImport: false },
  output: {
    dir: 'dist/programs',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    strict: true,
    // V8 keeps a source with other characters at two bytes for each.
    charset: 'ascii',
    comments: { legal: true, annotation: false, jsdoc: false },
    // The loader has no import.
    dynamicImportInCjs: false,
    // A program evaluates only the modules that it uses, whatever other modules are in their files.
    strictExecutionOrder: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
    codeSplitting: {
      groups: [
        // What only reads the arguments.
        { name: 'arguments', test: /\/src\/main\.ts$/, priority: 2 },
        // What archives: one file, because it costs more to open many.
        { name: 'core', test: /\/src\/(execute|modes\/run-stages|ucondb\/ucondb-client)\.ts$/, priority: 1 },
      ],
    },
  },
});
