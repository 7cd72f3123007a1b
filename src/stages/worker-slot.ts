/** The right to be worked on: there are as many as workers. */
export interface WorkerSlot {
  /**
   * The run needs no worker for the rest of its work. While all is well the next run begins meanwhile; otherwise the slot is
   * kept, so that an outage meets no more runs than there are workers. The first run that comes here tells how the site fares:
   * until its attempt has ended, the others keep theirs.
   * @returns resolves when the rest should begin although other runs might join in: the first, in an outage, or if no other is
   * being prepared any more
   */
  handOver(): Promise<void>;
  /** The run needs a worker again: none begins until one is free. */
  takeBack(): void;
}
