import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The directory that this program is installed in: the nearest one with a package.json above this module, compiled or not. */
export function installationDirectory(): string {
  let directory = new URL('./', import.meta.url);
  while (!existsSync(new URL('package.json', directory))) {
    const above = new URL('../', directory);
    if (above.href === directory.href) throw new Error('package.json is missing from the installation');
    directory = above;
  }
  return fileURLToPath(directory);
}
