import type { Usability } from '../files/directory-access.ts';
import type { ChannelName } from '../state/notified.ts';
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

/** A channel that can be tried without sending anything. */
export interface CheckableChannel extends Channel {
  /** Where messages go, for readers. */
  readonly location: string;
  /**
   * Goes as far as possible on the way that messages take.
   * @param signal aborted = give up at once
   * @throws NotificationError saying what to do, if no message would get through
   */
  check(signal: AbortSignal): Promise<Usability>;
}
