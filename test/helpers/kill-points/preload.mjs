// Preloaded into a program (`node --import`): ends it with SIGKILL as it begins the KILL_AT-th call that changes anything on
// disk; with KILL_HALF=1 a write is made half before. Without KILL_AT it tells on standard error how many such calls there were.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const fatal = Number(process.env.KILL_AT);
const half = process.env.KILL_HALF === '1';
let calls = 0;

const isFatal = () => ++calls === fatal;

function die() {
  process.kill(process.pid, 'SIGKILL');
  // The signal arrives at once, but nothing may be done even if it did not.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function patch(target, name, counts = () => true) {
  const original = target[name];
  target[name] = function (...args) {
    if (counts(...args) && isFatal()) die();
    return Reflect.apply(original, this, args);
  };
}

function patchWrite(handle, name) {
  const original = handle[name].bind(handle);
  handle[name] = async (data, ...rest) => {
    if (isFatal()) {
      if (half) await original(data.slice(0, data.length >> 1), ...rest);
      die();
    }
    return original(data, ...rest);
  };
}

const isForWriting = (_path, flags) => /[wa+]/.test(flags ?? 'r');
const { open } = fs.promises;
fs.promises.open = async (...args) => {
  if (isForWriting(...args) && isFatal()) die();
  const handle = await open(...args);
  for (const name of ['sync', 'chmod', 'chown', 'truncate', 'utimes']) patch(handle, name);
  patchWrite(handle, 'writeFile');
  patchWrite(handle, 'write');
  return handle;
};
for (const name of ['link', 'mkdir', 'rename', 'rm', 'rmdir', 'unlink', 'writeFile'])
  patch(fs.promises, name);
// Not fs.utimes, by which a lock is kept alive: how often that happens depends on the time.
for (const name of ['mkdirSync', 'rmSync', 'rmdirSync', 'writeFileSync']) patch(fs, name);
syncBuiltinESMExports();

if (Number.isNaN(fatal)) process.on('exit', () => process.stderr.write(`${calls}\n`));
