import { statSync } from 'node:fs';

/** The device that a file is on, as `/proc/locks` writes it: `<major>:<minor>` in hexadecimal. */
export function kernelDeviceOf(path: string): string {
  const { dev } = statSync(path);
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))}`;
}
