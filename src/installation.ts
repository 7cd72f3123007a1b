import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this program is installed: the nearest directory above this module, compiled or not, that has a package.json. */
export function installationDirectory(): string {
  let directory = new URL('./', import.meta.url);
  while (!existsSync(new URL('package.json', directory))) {
    const above = new URL('../', directory);
    if (above.href === directory.href) throw new Error('package.json is missing from the installation');
    directory = above;
  }
  return fileURLToPath(directory);
}

/** The version of this program, from its package.json. */
export function programVersion(): string {
  const content: unknown = JSON.parse(readFileSync(join(installationDirectory(), 'package.json'), 'utf-8'));
  const hasVersion = typeof content === 'object' && content !== null && 'version' in content;
  return hasVersion ? String(content.version) : 'unknown';
}

/**
 * {@link programVersion}, and the commit that it was built from where the build knew it: `1.0.0 (abc1234)`, or
 * `1.0.0 (abc1234, changed)` if the files were no longer those of the commit.
 */
export function builtVersion(): string {
  const commit = join(installationDirectory(), 'dist/programs/commit');
  const version = programVersion();
  return existsSync(commit) ? `${version} (${readFileSync(commit, 'utf-8').trim()})` : version;
}
