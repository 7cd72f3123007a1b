import { type Logger, silentLogger } from '../../src/log/logger.ts';

/** A logger that keeps its lines, each with its level. */
export function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const logger: Logger & { readonly lines: string[] } = {
    lines,
    debug: (message) => void lines.push(`DEBUG ${message}`),
    info: (message) => void lines.push(`INFO ${message}`),
    warning: (message) => void lines.push(`WARNING ${message}`),
    error: (message) => void lines.push(`ERROR ${message}`),
    critical: (message) => void lines.push(`CRITICAL ${message}`),
    child: () => logger,
  };
  return logger;
}

/** A logger that keeps its warnings in a list and drops all else. */
export function warningLogger(warnings: string[]): Logger {
  const logger: Logger = {
    ...silentLogger,
    warning: (message) => void warnings.push(message),
    child: () => logger,
  };
  return logger;
}
