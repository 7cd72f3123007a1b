import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationDirectory } from './installation.ts';

/** The version of this program, from its package.json. */
export function programVersion(): string {
  const content: unknown = JSON.parse(readFileSync(join(installationDirectory(), 'package.json'), 'utf-8'));
  const hasVersion = typeof content === 'object' && content !== null && 'version' in content;
  return hasVersion ? String(content.version) : 'unknown';
}
