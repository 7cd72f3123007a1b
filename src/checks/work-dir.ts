import type { ArchiverConfig } from '../config/schema.ts';
import { checkWritable } from '../persistence/directory-access.ts';
import type { Check } from './check.ts';

/** The check of the work directory: there or to be made, writable, with space. */
export function workDirCheck({ app: { workDir } }: ArchiverConfig): Check {
  return {
    name: 'work_dir',
    subject: `work_dir ${workDir}`,
    look: () => checkWritable(workDir, 'app.work_dir'),
  };
}
