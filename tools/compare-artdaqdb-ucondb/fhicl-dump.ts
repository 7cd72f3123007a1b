import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { runChild } from '../../src/artdaqdb/tools/child-process.ts';
import type { Environment } from '../../src/environment.ts';
import { ArchiverError, messageOf } from '../../src/errors.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { errorCode } from '../../src/system-error.ts';
import type { Normalised, Normaliser } from './normaliser.ts';

/** How to run a site's fhicl-dump. */
export interface FhiclDumpOptions {
  /** Its path, or its name in `libDirectory` or on PATH. */
  readonly program: string;
  /** The site's own programs and shared libraries; searched first. */
  readonly libDirectory: string;
  readonly env: Environment;
  /** Holds the files while the program reads them. */
  readonly scratch: string;
  readonly timeoutMs: number;
}

const PROBE: FhiclFile = { name: 'probe.fcl', text: 'a: 1\n' };
/** Comments that name program and paths. */
const HEAD = /^(?:#[^\n]*\n)+/;

/**
 * Normalises with the site's program, called as `fhicl-dump -c FILE` with FHICL_FILE_PATH set to the directory of the
 * run's files.
 * @throws ArchiverError if the program can't be started or fails with a simple file
 */
export async function fhiclDumpNormaliser(options: FhiclDumpOptions): Promise<Normaliser> {
  const normalise: Normaliser = async (names, files) => {
    const directory = await mkdtemp(join(options.scratch, 'fhicl-dump-'));
    try {
      for (const { name, text } of files) await writeFile(join(directory, name), text, { flag: 'wx' });
      const results = new Map<string, Normalised>();
      for (const name of names) results.set(name, await dump(name, directory, options));
      return results;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
  const result = (await normalise([PROBE.name], [PROBE])).get(PROBE.name);
  if (result !== undefined && 'problem' in result) throw new ArchiverError(`--fhicl-dump: ${result.problem}`);
  return normalise;
}

async function dump(name: string, directory: string, options: FhiclDumpOptions): Promise<Normalised> {
  const { program, timeoutMs } = options;
  const stdout = new PassThrough();
  const output = textOf(stdout);
  try {
    const call = { program, args: ['-c', join(directory, name)], env: environment(directory, options) };
    const [end, text] = await Promise.all([runChild({ ...call, timeoutMs, stdout }), output]);
    if (end.code === 0) return { text: text.replace(HEAD, '') };
    const how = end.timedOut
      ? `did not end within ${timeoutMs / 1000} s`
      : `failed (${end.signal ?? end.code})`;
    return { problem: `${program} ${how}: ${end.stderr.trim() || 'it gave no reason'}` };
  } catch (error) {
    // The message says why the program failed; that its output broke off says nothing new.
    await Promise.allSettled([output]);
    if (errorCode(error) === undefined) throw error;
    return { problem: `${program} can't be run: ${messageOf(error)}` };
  }
}

function environment(directory: string, { env, libDirectory }: FhiclDumpOptions): Environment {
  const withLib = (value: string | undefined) =>
    [libDirectory, value ?? ''].filter((part) => part !== '').join(delimiter);
  return {
    ...env,
    PATH: withLib(env.PATH),
    LD_LIBRARY_PATH: withLib(env.LD_LIBRARY_PATH),
    FHICL_FILE_PATH: directory,
  };
}
