import { describe, expect, it } from 'vitest';
import { CarbonClient } from '../../../src/metrics/carbon.ts';
import { GraphiteCarbon, hasGraphiteCarbon } from '../../helpers/graphite-carbon.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

describe.runIf(hasGraphiteCarbon())('graphite-carbon', () => {
  it('keeps what it is sent, under its name and time', async () => {
    const carbon = await GraphiteCarbon.start(await temporaryDirectory());
    try {
      const { lines, ...logger } = recordingLogger();
      const seconds = Math.floor(Date.now() / 1000) - 60;
      const client = new CarbonClient(
        { host: '127.0.0.1', port: carbon.port, metricPrefix: 'Zürich.my archiver' },
        { logger, now: () => new Date(seconds * 1000 + 999) },
      );
      client.post('migrate.last_successful_run', 123_456);
      client.post('UconDBClient.upload_blob.duration_ms', 0.0004);
      client.post('ArtdaqDBClient.archive_run.duration_ms', 12.5);
      await client.send();
      expect(lines).toEqual([expect.stringContaining('DEBUG Posted 3 metrics')]);
      const metrics = {
        'migrate.last_successful_run': 123_456,
        'UconDBClient.upload_blob.duration_ms': 0,
        'ArtdaqDBClient.archive_run.duration_ms': 12.5,
      };
      for (let written = 0; written < 3; written++) await carbon.says('wrote 1 datapoints');
      for (const [name, value] of Object.entries(metrics)) {
        expect(await carbon.values(`Zürich.my_archiver.${name}`, seconds - 10)).toEqual([[seconds, value]]);
      }
    } finally {
      await carbon.stop();
    }
  });
});
