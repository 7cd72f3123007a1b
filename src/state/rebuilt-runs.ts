import { NotedRuns } from './noted-runs.ts';
import type { BlobPlace } from './uncompared-runs.ts';

/**
 * The runs that this archiver was about to store in artdaqDB from their blobs, and whose export it has not found equal since:
 * `{"rebuild_uncompared": [{"database": "…", "server": "…", "folder": "…", "object": "…", "runs": ["100-205"]}]}`. A note of a run
 * that artdaqDB does not have means nothing.
 */
export class RebuiltRuns extends NotedRuns {
  /**
   * @param database location of the artdaqDB whose notes count
   * @param place of the blobs
   */
  constructor(path: string, database: string, { server, folder, object }: BlobPlace) {
    super(path, {
      key: 'rebuild_uncompared',
      title: 'The record of rebuilt runs',
      advice:
        'Restore it from a backup, or remove it; then --verify compares the runs that were stored from their blobs.',
      place: { database, server, folder, object },
    });
  }
}
