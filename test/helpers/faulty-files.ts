import { type DatabaseFiles, realFiles } from '../../src/clients/artdaqdb/filesystem/database-files.ts';

export interface FaultyFiles {
  readonly files: DatabaseFiles;
  /** Calls so far, of files and of open handles. */
  calls(): number;
}

const CALLS_OF_A_HANDLE = new Set(['sync', 'writeFile', 'readFile', 'stat', 'chmod', 'chown', 'read']);

/**
 * The real file system calls, but for one of them.
 * @param fault number of the call that fails, counted from 1
 * @param lasting do all calls after it fail as well, as if the process had been killed?
 */
export function faultyFiles(fault: number, code: string, lasting: boolean): FaultyFiles {
  let calls = 0;
  const meet = (what: string): void => {
    calls++;
    if (calls === fault || (lasting && calls > fault)) {
      throw Object.assign(new Error(`${code}: injected into ${what}`), { code });
    }
  };
  const files = wrapped(realFiles, (name) => name in realFiles, meet);
  return { files, calls: () => calls };
}

function wrapped<Target extends object>(
  target: Target,
  counts: (name: string) => boolean,
  meet: (what: string) => void,
): Target {
  return new Proxy(target, {
    get(_target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const name = String(property);
      return async (...args: unknown[]) => {
        if (counts(name)) meet(name);
        const result: unknown = await Reflect.apply(value, target, args);
        return name === 'open'
          ? wrapped(Object(result), (call) => CALLS_OF_A_HANDLE.has(call), meet)
          : result;
      };
    },
  });
}
