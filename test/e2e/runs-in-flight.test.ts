import { expect, it } from 'vitest';
import { ArchiverHere } from '../helpers/archiver-here.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite();

it.each([
  { workers: 1, inFlight: 3, atUconDb: 3 },
  { workers: 3, inFlight: 1, atUconDb: 1 },
  { workers: 2, inFlight: undefined, atUconDb: 2 },
])(
  '$atUconDb runs are at UconDB at a time with parallel_workers $workers and max_in_flight $inFlight',
  async ({ workers, inFlight, atUconDb }) => {
    site.configure(ucondb.url, {
      app: { parallel_workers: workers, batch_size: 6 },
      ucon_db: inFlight === undefined ? {} : { max_in_flight: inFlight },
    });
    site.addRuns(1, 2, 3, 4, 5, 6);
    expect((await run('--import-only')).code).toBe(0);
    const uploading = ucondb.hold(atUconDb);
    const migrated = run('--migrate-only', '--incremental');
    await uploading;
    expect(await ucondb.runs()).toEqual([]);
    expect(ucondb.held).toBe(atUconDb);
    ucondb.release();
    expect((await migrated).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3, 4, 5, 6]);
  },
);

it('a stop waits for no more runs than are at UconDB', async () => {
  site.configure(ucondb.url, {
    app: { parallel_workers: 3, batch_size: 6 },
    ucon_db: { max_in_flight: 1 },
  });
  site.addRuns(1, 2, 3, 4, 5, 6);
  expect((await run('--import-only')).code).toBe(0);
  const uploading = ucondb.hold(1);
  const archiver = new ArchiverHere([site.config, '--migrate-only', '--incremental']);
  await uploading;
  archiver.kill('SIGTERM');
  ucondb.release();
  expect((await archiver.ended).code).toBe(130);
  expect(await ucondb.runs()).toEqual([1]);
});
