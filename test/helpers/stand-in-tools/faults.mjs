import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * What a test wants to go wrong: `<place>/<tool>.json`, removed at once unless it says `always`. Members:
 * lose, fail, alter, twice, cut: an entity; noise: bytes on stderr; says: words there; code: exit code at the end; at: number of
 * files after which `signal` kills the program, or it hangs (`hang`: 'plain', 'stubborn' against SIGTERM, or 'grandchild', which
 * keeps the pipes open while the program ends), or it waits (`pause`) until the test makes the file `<place>/go`; skip: executions
 * that go well before.
 */
export function takeFaults(place, tool) {
  const path = join(place, `${tool}.json`);
  if (!existsSync(path)) return {};
  const faults = JSON.parse(readFileSync(path, 'utf8'));
  if (faults.skip > 0) {
    writeFileSync(path, JSON.stringify({ ...faults, skip: faults.skip - 1 }));
    return {};
  }
  if (!faults.always) renameSync(path, `${path}.taken`);
  return faults;
}

/** @param done number of files dealt with so far */
export async function interrupt(faults, place, done) {
  if ((faults.at ?? -1) !== done) return;
  if (faults.signal !== undefined) process.kill(process.pid, faults.signal);
  if (faults.pause) {
    writeFileSync(join(place, 'paused'), String(process.pid));
    while (!existsSync(join(place, 'go'))) await wait(5);
  }
  if (faults.hang === undefined) return;
  if (faults.hang === 'stubborn') process.on('SIGTERM', () => undefined);
  if (faults.hang === 'grandchild') {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'inherit' });
    writeFileSync(join(place, 'grandchild'), String(child.pid));
    process.exit(faults.code ?? 0);
  }
  writeFileSync(join(place, 'hanging'), String(process.pid));
  for (;;) await wait(1000);
}

export function makeNoise({ noise: bytes = 0, says }) {
  if (says !== undefined) process.stderr.write(`${says}\n`);
  for (let left = bytes; left > 0; left -= 100) process.stderr.write(`${'noise '.repeat(16)}end\n`);
}
