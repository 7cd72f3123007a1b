import { existsSync, readFileSync } from 'node:fs';

/** The version of this program, from its package.json: the nearest one above this module, compiled or not. */
export function programVersion(): string {
  let manifest = new URL('./package.json', import.meta.url);
  while (!existsSync(manifest)) {
    const above = new URL('../package.json', manifest);
    if (above.href === manifest.href) throw new Error('package.json is missing from the installation');
    manifest = above;
  }
  const content: unknown = JSON.parse(readFileSync(manifest, 'utf-8'));
  const hasVersion = typeof content === 'object' && content !== null && 'version' in content;
  return hasVersion ? String(content.version) : 'unknown';
}
