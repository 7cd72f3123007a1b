/** Times of work on another host, in seconds. */
export interface RemoteLimits {
  /** That a tool may take. */
  readonly tool: number;
  /** That a tool may go on when the connection broke. */
  readonly patience: number;
  /** Between asking it to end and killing it. */
  readonly grace: number;
  /** That connecting, sending and tidying up may take besides the tool; more than patience and grace. */
  readonly around: number;
}

export const REMOTE_LIMITS: RemoteLimits = { tool: 300, patience: 30, grace: 5, around: 60 };
