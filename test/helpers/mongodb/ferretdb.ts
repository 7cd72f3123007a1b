import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installed, runInstaller } from './cache.ts';
import type { Candidate } from './server-program.ts';

const VERSION = 'v1.24.2';
const MODULE = `github.com/FerretDB/FerretDB@${VERSION}`;
const BUILD_SECONDS = 300;

/** FerretDB with its SQLite backend, built from its Go module into the cache. */
export const ferretDb: Candidate = {
  product: `FerretDB ${VERSION} on SQLite`,
  program: async (cache) => {
    const name = `ferretdb-${VERSION}-${process.platform}-${process.arch}`;
    const directory = await installed(cache, name, build);
    return {
      command: join(directory, 'ferretdb'),
      args: [
        '--handler=sqlite',
        '--sqlite-url=file:{directory}/',
        '--state-dir={directory}',
        '--listen-addr=127.0.0.1:0',
        '--debug-addr=-',
        '--telemetry=disable',
      ],
      environment: {},
      ready: 'Listening on TCP [^ ]*?:(\\d+)',
    };
  },
};

/** `go install` makes a program that ends at once, as the module comes without the file that holds its version. */
async function build(directory: string): Promise<void> {
  const source = join(directory, 'source');
  const found = await runInstaller('go', ['mod', 'download', '-json', MODULE], { seconds: BUILD_SECONDS });
  const { Dir: module }: { Dir: string } = JSON.parse(found);
  await cp(module, source, { recursive: true });
  await runInstaller('chmod', ['-R', 'u+w', source], { seconds: 20 });
  await mkdir(join(source, 'build/version'), { recursive: true });
  await writeFile(join(source, 'build/version/version.txt'), VERSION);
  await runInstaller(
    'go',
    ['build', '-buildvcs=false', '-o', join(directory, 'ferretdb'), './cmd/ferretdb'],
    {
      seconds: BUILD_SECONDS,
      directory: source,
    },
  );
  await rm(source, { recursive: true });
}
