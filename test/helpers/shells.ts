import { existsSync } from 'node:fs';

/** Those of this machine's shells that an account may have as login shell. */
export const loginShells = ['sh', 'bash', 'dash', 'ksh', 'bsd-csh', 'tcsh', 'zsh', 'fish'].filter((name) =>
  existsSync(`/usr/bin/${name}`),
);
