import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { FhiclFile } from '../../../src/fhicl/fhicl-file.ts';

const script = fileURLToPath(new URL('writer.mjs', import.meta.url));
const preload = new URL('preload.mjs', import.meta.url).href;

/** One insert or update. */
export interface WriteJob {
  readonly kind: 'insert' | 'update';
  readonly run: number;
  readonly documents: readonly FhiclFile[];
}

/** Where the writer is killed: as it begins its n-th call that changes anything on disk, or in the middle of that write. */
export interface KillPoint {
  readonly call: number;
  readonly half: boolean;
}

/** How a writer ended. */
export interface WriterEnd {
  /** Runs that it said are stored. */
  readonly stored: readonly number[];
  readonly isKilled: boolean;
  /** Calls that changed anything on disk, if it was to end by itself. */
  readonly calls: number;
}

/**
 * Stores runs in a FilesystemDB by a process of its own (the built program).
 * @param batches the jobs of each are stored at the same time, one batch after the other
 * @param killPoint absent: it ends by itself
 * @throws Error with what it wrote to standard error, if it fails by itself
 */
export async function runWriter(
  database: string,
  batches: readonly (readonly WriteJob[])[],
  killPoint?: KillPoint,
): Promise<WriterEnd> {
  const fatal = killPoint && { KILL_AT: String(killPoint.call), KILL_HALF: killPoint.half ? '1' : '0' };
  const writer = spawn(process.execPath, ['--import', preload, script, database], {
    env: { ...process.env, ...fatal },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  writer.stdin.end(JSON.stringify(batches));
  const [output, errors, [code, signal]] = await Promise.all([
    text(writer.stdout),
    text(writer.stderr),
    once(writer, 'exit'),
  ]);
  if (signal === null && code !== 0) throw new Error(errors);
  return {
    stored: output.split('\n').filter(Boolean).map(Number),
    isKilled: signal === 'SIGKILL',
    calls: Number(errors),
  };
}
