import type { ChannelName } from '../../persistence/notified.ts';
import type { StageReport } from './stage-report.ts';

/** A way to tell somebody how a stage ended. */
export interface Channel {
  readonly name: ChannelName;
  /**
   * Sends one message.
   * @param signal aborted = give up at once
   * @throws NotificationError saying what to do, if it is not known to have been delivered
   */
  send(report: StageReport, signal: AbortSignal): Promise<void>;
}
