import { access, constants, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiverConfig } from '../config/schema.ts';
import { checkWritable, looking, undefinedIfAbsent } from '../files/directory-access.ts';
import type { Check, Finding } from './check.ts';

/** The check of the work directory: there or to be made, writable, with space, and its records readable. */
export function workDirCheck({ app: { workDir } }: ArchiverConfig): Check {
  const look = async (): Promise<Finding> => {
    const finding = await checkWritable(workDir, 'app.work_dir');
    const names = (await readdir(workDir).catch(undefinedIfAbsent)) ?? [];
    // One that may be read is replaced whole, so that nobody has to be allowed to write it.
    for (const name of names.filter((each) => each.endsWith('.json'))) {
      const path = join(workDir, name);
      await looking(`${path} can't be read`, () => access(path, constants.R_OK).catch(undefinedIfAbsent));
    }
    return finding;
  };
  return { name: 'work_dir', subject: `work_dir ${workDir}`, look };
}
