/** Writes what the package holds beside the programs and is made from the sources: the JSON Schema of the configuration. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationDirectory } from '../../src/installation.ts';
import { configSchema } from './config-schema.ts';

const root = installationDirectory();
const template = readFileSync(join(root, 'config.yaml.template'), 'utf8');
const schema = `${JSON.stringify(configSchema(template), null, 2)}\n`;
writeFileSync(join(root, 'dist/config.schema.json'), schema);
