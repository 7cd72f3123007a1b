import type { EventEmitter } from 'node:events';
import { exitCodes } from './exit.ts';
import type { Logger } from './log/logger.ts';

/** What signals set off. */
export interface SignalActions {
  readonly logger: Logger;
  /** Asks for a graceful shutdown. */
  readonly shutDown: (reason: string) => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number;
  /** Emits the signals. */
  readonly process: ProcessEvents;
}

/** Emits the events of a process: `process`, or a test's stand-in. */
export type ProcessEvents = Pick<EventEmitter, 'on' | 'off'>;

const FOR_IMMEDIATE_EXIT = 3;
/** Milliseconds that runs in progress have after a second SIGTERM. */
const LAST_CHANCE_MILLISECONDS = 5000;
const WINDOW_MILLISECONDS = 2000;
const RULE = '='.repeat(70);

/**
 * SIGINT or SIGTERM asks for a graceful shutdown. Three SIGINTs within two seconds end the process at once; a second SIGTERM
 * ends it only after some seconds, because `timeout` sends two and means one.
 * @returns a function that removes the handlers
 */
export function handleSignals(actions: SignalActions): () => void {
  const { logger, shutDown, exit, now, process } = actions;
  let interrupts: number[] = [];
  const warn = (...lines: string[]) => {
    for (const line of [RULE, ...lines, RULE]) logger.warning(line);
  };
  const onInterrupt = () => {
    const time = now();
    interrupts = [...interrupts.filter((earlier) => time - earlier <= WINDOW_MILLISECONDS), time];
    if (interrupts.length >= FOR_IMMEDIATE_EXIT) {
      warn('IMMEDIATE SHUTDOWN REQUESTED (3x Ctrl-C)');
      exit(exitCodes.stopped);
    } else if (interrupts.length === 1) {
      warn(
        'GRACEFUL SHUTDOWN REQUESTED (Ctrl-C)',
        'Runs in progress will finish...',
        'Press Ctrl-C two more times within 2 seconds for immediate shutdown',
      );
      shutDown('User request');
    } else {
      logger.warning(`Ctrl-C pressed ${interrupts.length}/${FOR_IMMEDIATE_EXIT} times`);
    }
  };
  let terminations = 0;
  let lastChance: NodeJS.Timeout | undefined;
  const onTerminate = () => {
    terminations++;
    if (terminations === 1) {
      warn('GRACEFUL SHUTDOWN REQUESTED (SIGTERM)', 'Runs in progress will finish...');
      shutDown('SIGTERM');
    } else if (terminations === 2) {
      warn(`SECOND SIGTERM: runs in progress have ${LAST_CHANCE_MILLISECONDS / 1000} seconds to finish`);
      lastChance = setTimeout(() => {
        warn('IMMEDIATE SHUTDOWN (second SIGTERM)');
        exit(exitCodes.stopped);
      }, LAST_CHANCE_MILLISECONDS);
    }
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return () => {
    clearTimeout(lastChance);
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onTerminate);
  };
}
