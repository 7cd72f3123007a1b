import { type ArchiverError, ArtdaqDbError, ConfigurationError, type Place } from '../../../errors.ts';
import type { RunNumber } from '../../../runs/run-number.ts';
import type { ChildEnd } from '../child-process.ts';
import { siteTroubleIn } from '../tool-exit.ts';
import type { Tool } from '../tool-host.ts';

interface Refusal {
  /** What ssh says. */
  readonly sign: RegExp;
  readonly advice: string;
}

/** Refusals that last until somebody acts. */
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
    advice: "repair ssh's configuration",
  },
];

/**
 * The error for a connection that ended before the last answer. Once the script has answered, the run itself may be what breaks
 * the connection: then its place is the database, where the success of other runs shows whose fault it was.
 * @param seconds that it was allowed to take
 * @param hadBegun whether the script on the host had answered at all
 */
export function connectionFailure(
  place: Place,
  { code, signal, timedOut, stderr }: ChildEnd,
  seconds: number,
  hadBegun: boolean,
  run?: RunNumber,
): ArchiverError {
  const subject = run === undefined ? '' : `Run ${run}: `;
  const isOfSite = !hadBegun && (timedOut || signal === null);
  const details = {
    fault: isOfSite ? 'site' : 'unknown',
    ...(isOfSite ? { place } : {}),
    ...(run === undefined ? {} : { run }),
  } as const;
  const said = wordsOf(stderr);
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

/** Faults before the script looks at anything of the run. */
const BEFORE_THE_RUN: ReadonlySet<string> = new Set(['mktemp', 'receive']);

/** The error for an answer that tells of a fault around the tool. */
export function scriptFailure(
  place: Place,
  answer: string,
  tool: Tool,
  stderr: string,
  run: RunNumber,
): ArtdaqDbError {
  const said = wordsOf(stderr);
  if (answer === 'missing') {
    return new ArtdaqDbError(`Run ${run}: ${tool} is no longer on PATH of ${place}${said}`, {
      run,
      fault: 'site',
      place,
    });
  }
  const advice = FAULTS.get(answer) ?? `an unknown answer came: ${JSON.stringify(answer.slice(0, 200))}`;
  const isOfSite = BEFORE_THE_RUN.has(answer) || siteTroubleIn(stderr, tool, place) !== undefined;
  return new ArtdaqDbError(`Run ${run} (${tool}, ${place}): ${advice}${said}`, {
    run,
    retryable: true,
    ...(isOfSite ? { fault: 'site', place } : {}),
  });
}

/** Why ssh did not use a key, which it says long before its last words. */
const KEY_PROBLEM =
  /^Permissions .* are too open|^Load key |^(?:Warning: )?Identity file .* not accessible|^no such identity/;

/** What ssh said of keys that it could not use, and its last words. */
function wordsOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const said = lines.filter((line) => line !== '');
  const words = [...new Set([...said.filter((line) => KEY_PROBLEM.test(line)), ...said.slice(-1)])];
  return words.map((line) => `: ${line.slice(-500)}`).join('');
}
