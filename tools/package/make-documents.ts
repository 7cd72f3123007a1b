/**
 * Writes what the package holds beside the programs and is made from the sources: the JSON Schema of the configuration, and the
 * manual page.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeArchiver } from '../../src/cli/description.ts';
import { installationDirectory, programVersion } from '../../src/installation.ts';
import { modes } from '../../src/modes/all.ts';
import { commitDateOf } from './commit.ts';
import { configSchema } from './config-schema.ts';
import { manPage } from './man-page.ts';

const root = installationDirectory();
const template = readFileSync(join(root, 'config.yaml.template'), 'utf8');
const schema = `${JSON.stringify(configSchema(template), null, 2)}\n`;
writeFileSync(join(root, 'dist/config.schema.json'), schema);

const archiver = describeArchiver(modes);
const manuals = join(root, 'dist/man/man1');
mkdirSync(manuals, { recursive: true });
const page = manPage(archiver, { version: programVersion(), date: commitDateOf(root) });
writeFileSync(join(manuals, `${archiver.name}.1`), page);
