import { type ArchiverError, ArtdaqDbError, ConfigurationError } from '../../../../errors.ts';
import type { RunNumber } from '../../../../run-number.ts';
import type { ChildEnd } from '../child-process.ts';
import type { Tool } from '../tool-host.ts';

interface Refusal {
  /** What ssh says. */
  readonly sign: RegExp;
  readonly advice: string;
}

/** What does not pass by itself. */
const REFUSALS: readonly Refusal[] = [
  {
    sign: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    advice:
      "the host's key is not the one in known_hosts; find out why before you replace it (ssh-keygen -R), as somebody may be in between (artdaq_db.ssh_verify_host: false accepts any key)",
  },
  {
    sign: /Host key verification failed|No .* host key is known/,
    advice:
      "the host's key is not in known_hosts; connect once by hand as this user and check it (artdaq_db.ssh_verify_host: false accepts any key)",
  },
  {
    sign: /Permission denied|Too many authentication failures|No more authentication methods/,
    advice:
      'the host refused the login; it must be possible without a password: a key without passphrase or a ticket for the user that runs the archiver',
  },
  {
    sign: /Bad configuration option|terminating, \d+ bad configuration|Bad owner or permissions/,
    advice: "mend ssh's configuration",
  },
];

/**
 * The error for a connection that ended before the last answer came.
 * @param seconds that it was allowed to take
 * @param hadBegun whether the script on the host had answered at all
 */
export function connectionFailure(
  place: string,
  { code, signal, timedOut, stderr }: ChildEnd,
  seconds: number,
  hadBegun: boolean,
  run?: RunNumber,
): ArchiverError {
  const subject = run === undefined ? '' : `Run ${run}: `;
  const details = run === undefined ? {} : { run };
  const said = lastLine(stderr);
  if (timedOut) {
    return new ArtdaqDbError(
      `${subject}${place} gave no answer within ${seconds} s, and the connection was ended${said}`,
      { ...details, retryable: true },
    );
  }
  const refusal = hadBegun ? undefined : REFUSALS.find(({ sign }) => sign.test(stderr));
  if (refusal !== undefined) {
    return new ConfigurationError(
      `${subject}${place} (artdaq_db.remote_host) can't be used: ${refusal.advice}${said}`,
      details,
    );
  }
  if (!hadBegun && code !== null && code !== 255) {
    return new ConfigurationError(
      `${subject}${place} (artdaq_db.remote_host) ran no command (exit code ${code}); the login shell there must run /bin/sh for this user${said}`,
      details,
    );
  }
  const what = hadBegun ? 'the connection broke' : "it can't be reached";
  return new ArtdaqDbError(
    `${subject}${place}: ${what} (ssh ended with ${signal ?? `exit code ${code}`})${said}`,
    { ...details, retryable: true },
  );
}

/** What keeps {@link runScript} from running the tool or from sending what it made. */
const FAULTS: ReadonlyMap<string, Refusal['advice']> = new Map([
  ['mktemp', 'no temporary directory can be made there; check TMPDIR (or /tmp) and its space'],
  ['receive', "the files can't be written there; check the space of TMPDIR (or /tmp)"],
  ['unpack', "the files can't be unpacked there; check the space of TMPDIR (or /tmp)"],
  ['pack', "the exported files can't be packed there; check the space of TMPDIR (or /tmp)"],
]);

/** The error for an answer that says that something went wrong around the tool. */
export function scriptFailure(place: string, answer: string, tool: Tool, stderr: string, run: RunNumber) {
  const said = lastLine(stderr);
  if (answer === 'missing') {
    return new ArtdaqDbError(`Run ${run}: ${tool} is no longer on PATH of ${place}${said}`, { run });
  }
  const advice = FAULTS.get(answer) ?? `an unknown answer came: ${JSON.stringify(answer.slice(0, 200))}`;
  return new ArtdaqDbError(`Run ${run} (${tool}, ${place}): ${advice}${said}`, { run, retryable: true });
}

function lastLine(stderr: string): string {
  const line = stderr.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : `: ${line.slice(-500)}`;
}
