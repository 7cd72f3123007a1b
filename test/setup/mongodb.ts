import { readFileSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { type Choice, chooseServer } from '../helpers/mongodb/choice.ts';
import type {} from '../helpers/mongodb-server.ts';

/** Chooses and starts the MongoDB server of a test run, if a selected file imports `mongodb-server.ts`. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!project.vitest.state.getPaths().some(needsServer)) {
    project.provide('mongodb', null);
    project.provide('mongodbUri', '');
    return undefined;
  }
  const choice = await chooseServer(process.env);
  const report = reportOf(choice);
  project.provide('mongodb', {
    ...(choice.server === undefined ? {} : { server: choice.server }),
    report,
    required: process.env.ARCHIVER_TEST_REQUIRE_MONGODB === '1',
  });
  project.provide('mongodbUri', choice.server?.uri ?? '');
  return async () => {
    await choice.stop();
    process.stdout.write(`${report}\n`);
  };
}

function needsServer(path: string): boolean {
  return readFileSync(path, 'utf8').includes('/mongodb-server.ts');
}

function reportOf({ server, rejected }: Choice): string {
  const chosen =
    server === undefined
      ? 'MongoDB tests: LEFT OUT, no server can be had'
      : `MongoDB tests: ran on ${server.product} (MongoDB ${server.mongodbVersion} on the wire)` +
        (server.holdsRepeatedKeys ? '' : ', which cannot hold repeated keys');
  return [chosen, ...rejected.map((reason) => `  not ${reason.replaceAll('\n', '\n      ')}`)].join('\n');
}
