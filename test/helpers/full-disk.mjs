// Preloaded into the archiver (`node --import`): below FULL_DISK_DIRECTORY there is room for FULL_DISK_BYTES more bytes; what
// goes beyond fails as it does on a full disk.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const directory = process.env.FULL_DISK_DIRECTORY ?? '';
let room = Number(process.env.FULL_DISK_BYTES);

function take(path, data) {
  if (!String(path).startsWith(directory)) return;
  room -= Buffer.byteLength(data);
  if (room >= 0) return;
  const error = new Error(`ENOSPC: no space left on device, write '${path}'`);
  throw Object.assign(error, { code: 'ENOSPC', errno: -28, syscall: 'write' });
}

const { open, writeFile } = fs.promises;
fs.promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  for (const method of ['write', 'writeFile', 'appendFile']) {
    const original = handle[method].bind(handle);
    handle[method] = async (data, ...options) => {
      take(path, data);
      return await original(data, ...options);
    };
  }
  return handle;
};
fs.promises.writeFile = async (path, data, ...rest) => {
  take(path, data);
  return await writeFile(path, data, ...rest);
};
syncBuiltinESMExports();
