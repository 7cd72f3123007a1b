import { createSecureContext } from 'node:tls';
import type { Environment } from '../environment.ts';
import { ConfigurationError, messageOf } from '../errors.ts';
import { readRegularFileSync } from '../files/regular-file.ts';
import type { Logger } from '../log/logger.ts';
import { proxyFor } from '../net/proxy.ts';
import { UconDbClient } from './ucondb-client.ts';

/** The parameters of section `ucon_db` that the client needs. */
export interface UconDbParameters {
  readonly serverUrl: string;
  readonly folderName: string;
  readonly objectName: string;
  readonly writerUser: string;
  readonly writerPassword: string;
  readonly timeoutSeconds: number;
  readonly listingTimeoutSeconds?: number | undefined;
  readonly maxListingMb?: number | undefined;
  readonly maxBlobMb?: number | undefined;
  readonly tlsVerify: boolean;
  readonly caFile?: string | undefined;
}

/**
 * The UconDB that the configuration names. Contacts nothing yet.
 * @param options.env names the proxies
 * @throws ConfigurationError if the parameters can't be used or `caFile` can't be read
 */
export function openUconDb(
  parameters: UconDbParameters,
  options: {
    readonly workers: number;
    readonly logger: Logger;
    readonly env: Environment;
    readonly announceVersion?: boolean;
  },
): UconDbClient {
  return new UconDbClient({
    serverUrl: parameters.serverUrl,
    folder: parameters.folderName,
    object: parameters.objectName,
    user: parameters.writerUser,
    password: parameters.writerPassword,
    timeoutSeconds: parameters.timeoutSeconds,
    listingTimeoutSeconds: parameters.listingTimeoutSeconds,
    maxListingMb: parameters.maxListingMb,
    maxBlobMb: parameters.maxBlobMb,
    tlsVerify: parameters.tlsVerify,
    connections: options.workers,
    logger: options.logger,
    proxy: proxyFor(new URL(parameters.serverUrl), options.env),
    announceVersion: options.announceVersion,
    ca: parameters.caFile === undefined ? undefined : readCertificates(parameters.caFile),
  });
}

function readCertificates(path: string): string {
  let text: string;
  try {
    text = String(readRegularFileSync(path));
  } catch (error) {
    throw new ConfigurationError(`ucon_db.ca_file: can't read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    createSecureContext({ ca: text });
  } catch (error) {
    throw new ConfigurationError(
      `ucon_db.ca_file: ${path} holds no usable certificate: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ConfigurationError(`ucon_db.ca_file: ${path} holds no PEM certificate`);
  }
  return text;
}
