import { type DatabaseFiles, realFiles } from '../../src/artdaqdb/filesystem/database-files.ts';

export interface FaultyFiles {
  readonly files: DatabaseFiles;
  /** Calls so far, of files and of open handles. */
  calls(): number;
}

const CALLS_OF_A_HANDLE = new Set([
  'sync',
  'writeFile',
  'readFile',
  'stat',
  'chmod',
  'chown',
  'read',
  'utimes',
]);

/**
 * The real file system calls, but for one of them.
 * @param fault number of the call that fails, counted from 1
 * @param lasting do all calls after it fail as well, as if the process had been killed?
 */
export function faultyFiles(fault: number, code: string, lasting: boolean): FaultyFiles {
  let calls = 0;
  const meet = (what: string, path: unknown): void => {
    calls++;
    if (calls !== fault && !(lasting && calls > fault)) return;
    // As Node does: calls on an open file don't name it.
    const place = typeof path === 'string' ? { path } : {};
    throw Object.assign(new Error([`${code}: injected, ${what}`, ...Object.values(place)].join(' ')), {
      code,
      ...place,
    });
  };
  const files = wrapped(realFiles, (name) => name in realFiles, meet);
  return { files, calls: () => calls };
}

function wrapped<Target extends object>(
  target: Target,
  counts: (name: string) => boolean,
  meet: (what: string, path?: unknown) => void,
): Target {
  return new Proxy(target, {
    get(_target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const name = String(property);
      if (name === 'readSync') {
        return (...args: unknown[]) => {
          meet(name);
          return Reflect.apply(value, target, args);
        };
      }
      return async (...args: unknown[]) => {
        if (counts(name)) meet(name, args[0]);
        const result: unknown = await Reflect.apply(value, target, args);
        return name === 'open'
          ? wrapped(
              Object(result),
              (call) => CALLS_OF_A_HANDLE.has(call),
              (what) => meet(what, undefined),
            )
          : result;
      };
    },
  });
}
