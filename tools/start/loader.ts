import { readFileSync } from 'node:fs';
import { Script, type ScriptOptions } from 'node:vm';
import { CodeCache } from './code-cache.ts';

/** Smaller files, such as those that only read the arguments, are compiled sooner than a cache is opened and checked. */
const WORTH_CACHING_BYTES = 500_000;

/** A file of the program as it loads, and what it exports so far. */
interface LoadedModule {
  exports: object;
}

type Require = (id: string) => unknown;

/**
 * Loads built programs: CommonJS files that require each other, packages and parts of Node.js. Node's own loader can't take code that
 * is compiled already.
 */
export class Loader {
  readonly #directory: string;
  readonly #require: Require;
  readonly #modules = new Map<string, LoadedModule>();
  readonly #uncached: { readonly script: Script; readonly cache: CodeCache }[] = [];

  /**
   * @param directory of the files, with a slash at its end
   * @param require loads packages and parts of Node.js
   */
  constructor(directory: string, require: Require) {
    this.#directory = directory;
    this.#require = require;
  }

  /** What a file exports. */
  load(name: string): object {
    const loaded = this.#modules.get(name);
    if (loaded !== undefined) return loaded.exports;
    const filename = this.#directory + name;
    const run = this.#compile(readFileSync(filename), filename).runInThisContext();
    const require: Require = (id) => (id.startsWith('./') ? this.load(id.slice(2)) : this.#require(id));
    const module: LoadedModule = { exports: {} };
    this.#modules.set(name, module);
    try {
      run(module.exports, require, module, filename);
    } catch (error) {
      // The next attempt must not get half of it.
      this.#modules.delete(name);
      throw error;
    }
    return module.exports;
  }

  /** Keeps compiled code for the next start, with the functions that this execution used. Nothing waits for it. */
  keepCode(): void {
    for (const { script, cache } of this.#uncached) void cache.keep(() => script.createCachedData());
  }

  #compile(bytes: Buffer, filename: string): Script {
    // Lines count from the one after the head.
    const source = `(function (exports, require, module, __filename) {\n${bytes.toString('utf8')}\n})`;
    const options: ScriptOptions = { filename, lineOffset: -1 };
    if (bytes.length < WORTH_CACHING_BYTES) return new Script(source, options);
    // The only WebAssembly is a small parser of HTTP. V8 takes longer to optimise it than most executions last, and keeps them
    // waiting at their end. Compiled code must have been made under the same flags.
    process.getBuiltinModule('node:v8').setFlagsFromString('--liftoff-only');
    const cache = new CodeCache(`${this.#directory}../cache/`, filename, bytes);
    const script = new Script(source, { ...options, cachedData: cache.read() });
    if (script.cachedDataRejected !== false) this.#uncached.push({ script, cache });
    return script;
  }
}
