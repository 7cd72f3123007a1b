/** The directories in which a relative path lies, from the outermost: `a`, `a/b` for `a/b/c.fcl`. */
export function directoriesOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
