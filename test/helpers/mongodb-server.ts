import { describe, inject, it } from 'vitest';
import type { MongodbServer } from './mongodb/choice.ts';
import { type RunningServer, startServer } from './mongodb/server-program.ts';

export type { MongodbServer } from './mongodb/choice.ts';

/** What the choice of a server for this run came to; null if no file that needs one was selected. */
export interface MongodbChoice {
  readonly server?: MongodbServer;
  /** For the reader of a test report: which one it is, or why there is none, and what was not taken. */
  readonly report: string;
  /** No server is a failure, not a reason to leave tests out. */
  readonly required: boolean;
}

declare module 'vitest' {
  interface ProvidedContext {
    mongodb: MongodbChoice | null;
    /** Without a database; empty if there is no server. */
    mongodbUri: string;
  }
}

/**
 * Tests on the MongoDB server of the run. Without one they are left out with a notice, or fail if one is required.
 * Test files must import this module themselves: that is how a run knows that it needs a server.
 */
export function describeWithMongodb(name: string, define: (server: MongodbServer) => void): void {
  const choice = inject('mongodb');
  if (choice === null) throw new Error('The test file itself must import test/helpers/mongodb-server.ts');
  const { server, report, required } = choice;
  if (server !== undefined) {
    describe(name, () => define(server));
  } else {
    describe(name, () => {
      it('has a MongoDB server', ({ skip }) => {
        if (required) throw new Error(report);
        skip(report);
      });
    });
  }
}

/**
 * Another server of the same kind, for tests that end it or fill it.
 * @param directory keeps its data, so that it can be started again; the caller removes it
 * @throws Error if the run's server came as a URI from the environment
 */
export function startOwnServer(
  { program, product }: MongodbServer,
  directory?: string,
): Promise<RunningServer> {
  if (program === undefined) throw new Error(`Another server like ${product} can't be started`);
  return startServer(program, directory);
}

let databases = 0;

/** URI of a database that no other test uses. */
export function uniqueDatabaseUri(server: MongodbServer): string {
  databases++;
  const uri = new URL(server.uri);
  uri.pathname = `/archiver_test_${process.pid}_${Date.now()}_${databases}`;
  return uri.href;
}
