/**
 * A local server that behaves as UconDB does and keeps its data on disk: for demonstrations and tests. Prints its address
 * when it is ready; SIGTERM or SIGINT ends it.
 */
import { Command, InvalidArgumentError } from 'commander';
import { ArchiverError } from '../../src/errors.ts';
import { exitCodes } from '../../src/exit.ts';
import { outliveTerminal } from '../../src/log/standard-stream.ts';
import { codeOfFailure } from '../run-tool.ts';
import { startUconDbServer } from './server.ts';

interface ServerFlags {
  readonly data: string;
  readonly folder: string[];
  readonly user: string;
  readonly password: string;
  readonly port: number;
  readonly host: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly readOnly?: boolean;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is 0 to 65535');
  return port;
}

const flags = new Command('ucondb-server')
  .description('A local server compatible with UconDB 3.9.7.')
  .requiredOption('--data <directory>', 'keeps the data; made if missing')
  .requiredOption('--folder <name...>', 'folders, made if missing')
  .requiredOption('--user <name>', 'may write to all folders')
  .requiredOption('--password <text>', "the user's password")
  .option('--port <number>', '0: any free port', portNumber, 0)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--tls-cert <file>', 'certificate (PEM); with --tls-key: https')
  .option('--tls-key <file>', 'its key (PEM)')
  .option('--read-only', 'take no uploads')
  .parse()
  .opts<ServerFlags>();

void serve(flags);

async function serve({ tlsCert: cert, tlsKey: key, ...given }: ServerFlags): Promise<void> {
  try {
    if ((cert === undefined) !== (key === undefined))
      throw new ArchiverError('--tls-cert and --tls-key go together');
    const server = await startUconDbServer({
      data: given.data,
      folders: given.folder,
      user: given.user,
      password: given.password,
      port: given.port,
      host: given.host,
      readOnly: given.readOnly ?? false,
      ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
    outliveTerminal();
    console.log(server.url);
    process.exitCode = exitCodes.success;
  } catch (error) {
    process.exitCode = codeOfFailure('ucondb-server', error);
  }
}
