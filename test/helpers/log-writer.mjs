// Writes 500 lines to the log file given as argument and to standard output, then ends as the second argument says.
import { createLogging } from '../../dist/src/log/logging.js';

const [logFile, end] = process.argv.slice(2);
const logging = createLogging({ level: 'INFO', logFile, quiet: false, secrets: [] });
const logger = logging.logger('writer');
for (let line = 1; line <= 500; line++) logger.info(`line ${line} ${'x'.repeat(200)}`);

if (end === 'kill') process.kill(process.pid, 'SIGKILL');
if (end === 'exit') process.exit(3);
if (end === 'throw') throw new Error('on purpose');
