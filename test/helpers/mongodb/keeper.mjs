// Starts a server program and outlives whoever asked for it just long enough to end the program and remove its directory:
// that is when its own standard input ends, be it by a wish or because the asking process was killed.
// Says in one line of JSON when the program is ready ({ port }) or why it isn't ({ error }).
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const SECONDS_TO_LISTEN = 60;
const SECONDS_TO_END = 2;
const LAST_OUTPUT = 4000;

const { command, args, environment, ready, port, directory } = JSON.parse(process.argv[2]);
const server = spawn(command, args, {
  cwd: directory,
  env: { ...process.env, ...environment },
  stdio: ['ignore', 'pipe', 'pipe'],
});
let output = '';
let answered = false;

function answer(message) {
  if (answered) return;
  answered = true;
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function onOutput(data) {
  output = (output + data).slice(-LAST_OUTPUT);
  const match = answered ? null : new RegExp(ready).exec(output);
  if (match) answer({ port: match[1] === undefined ? port : Number(match[1]), pid: server.pid });
}

function finish(error) {
  answer({ error: `${error}\n${output}`.trim() });
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  process.exit(0);
}

server.stdout.setEncoding('utf8').on('data', onOutput);
server.stderr.setEncoding('utf8').on('data', onOutput);
server.on('error', (error) => finish(error.message));
server.on('close', (code, signal) => finish(`The program ended with ${signal ?? `exit code ${code}`}`));

function end() {
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), SECONDS_TO_END * 1000);
}

setTimeout(() => {
  if (answered) return;
  answer({ error: `It does not listen after ${SECONDS_TO_LISTEN} s\n${output}` });
  end();
}, SECONDS_TO_LISTEN * 1000);
process.stdout.on('error', end);
process.stdin.on('end', end).resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
