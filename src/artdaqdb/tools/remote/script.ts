import { ConfigurationError } from '../../../errors.ts';
import { TOOLS } from '../tool-host.ts';

/**
 * The programs for `/bin/sh` on the other host. Every value reaches them as a line on standard input: no shell takes it for a
 * command, and no list of processes shows the database's password. Every line for us begins with the nonce, because the login
 * shell may print lines of its own. The output of programs goes to standard error.
 */

/** The programs besides the tools that {@link RUN_SCRIPT} uses. */
const helpers = ['mktemp', 'tar', 'head', 'wc', 'timeout', 'getconf'];

/**
 * Runs a tool once. Lines read: nonce, tool, run, configuration name, threads (`half`: of the processors), seconds allowed, more
 * seconds after a broken connection, seconds between asking it to end and killing it, database URI; after the answer `dir` the
 * length of a tar archive, and the archive. Answers:
 * - `dir <process id> <path>`: the private temporary directory exists
 * - `tar <length>`, followed by so many bytes: what the tool left in the directory, if its exit code was 0
 * - the last answer: `tool <exit code>`, or what went wrong before: `missing`, `mktemp`, `receive`, `unpack`, `pack`
 *
 * The directory is removed before the last answer, and also if the connection breaks: standard input is kept open to notice that.
 * Then the script ends, and so do the tool and everything that it started; not at once, because a loader that is killed while it
 * rewrites the index of a FilesystemDB tears it. `timeout` gives the tool a process group of its own. The tool's working
 * directory holds nothing but `run`, and the tool knows no other path: bulkdownloader hands names to a shell, unquoted.
 */
export const RUN_SCRIPT = `
for name in nonce tool run config threads limit patience grace ARTDAQ_DATABASE_URI; do
  IFS= read -r "$name" || exit 1
done
export ARTDAQ_DATABASE_URI
exec 3<&0 </dev/null
dir= job= watch=
say() { printf '%s %s\\n' "$nonce" "$*"; }
tidy() {
  trap '' HUP INT TERM PIPE
  [ -z "$watch" ] || kill "$watch"
  if [ -n "$job" ]; then
    (sleep "$patience"; kill "$job") >/dev/null 2>&1 &
    wait "$job"
    kill -s KILL -- $! "-$job"
  fi
  [ -z "$dir" ] || rm -rf "$dir"
  job= watch= dir=
} 2>/dev/null
give_up() { tidy; say "$@"; exit 1; }
trap tidy EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
command -v "$tool" >/dev/null || give_up missing
dir=$(mktemp -d "\${TMPDIR:-/tmp}/run-archiver.XXXXXXXXXX") || give_up mktemp
mkdir -p "$dir/work/run" || give_up mktemp
say dir $$ "$dir"
IFS= read -r size <&3 || exit 1
if [ "$size" -gt 0 ]; then
  head -c "$size" <&3 >"$dir/tar" && [ "$(wc -c <"$dir/tar")" -eq "$size" ] || give_up receive
  tar -xf - -C "$dir/work/run" <"$dir/tar" >&2 || give_up unpack
  rm "$dir/tar"
fi
[ "$threads" != half ] || threads=$(($(getconf _NPROCESSORS_ONLN) / 2))
[ "$threads" -ge 1 ] || threads=1
(while IFS= read -r line; do :; done; kill -s HUP $$) <&3 >/dev/null 2>&1 &
watch=$!
(cd "$dir/work" && exec timeout -k "$grace" "$limit" "$tool" -r "$run" -c "$config" -p run -t "$threads") >&2 3<&- &
job=$!
echo "$job" >"$dir/job"
wait "$job"
code=$?
kill -s KILL -- "-$job" 2>/dev/null
job=
if [ "$tool" = bulkdownloader ] && [ "$code" -eq 0 ]; then
  tar -cf - -C "$dir/work/run" . >"$dir/tar" || give_up pack
  exec 4<"$dir/tar"
  size=$(wc -c <"$dir/tar")
  tidy
  say tar $((size))
  cat <&4
fi
tidy
say tool "$code"
`;

const LOOK_FOR_PROGRAMS = `
for program in ${TOOLS.join(' ')} ${helpers.join(' ')}; do
  command -v "$program" >/dev/null || printf '%s missing %s\\n' "$nonce" "$program"
done
printf '%s path %s\\n%s end\\n' "$nonce" "$PATH" "$nonce"
`;

/** Looks for the programs. Lines read: nonce. Answers: `missing <program>` for each that PATH lacks, `path <PATH>`, `end`. */
export const CHECK_SCRIPT = `
IFS= read -r nonce || exit 1
${LOOK_FOR_PROGRAMS}`;

/**
 * As {@link CHECK_SCRIPT}, but first lets each tool on PATH print its help text to standard error. Lines read: nonce, seconds
 * allowed. One more answer per tool: `help <tool> <exit code>`.
 */
export const TRY_OUT_SCRIPT = `
IFS= read -r nonce && IFS= read -r limit || exit 1
for tool in ${TOOLS.join(' ')}; do
  command -v "$tool" >/dev/null || continue
  timeout -k 1 "$limit" "$tool" -h </dev/null >&2
  printf '%s help %s %s\\n' "$nonce" "$tool" "$?"
done
${LOOK_FOR_PROGRAMS}`;

/**
 * Ends what a broken connection may have left. Lines read: nonce, seconds to wait, process id and directory as answered by
 * {@link RUN_SCRIPT}. Answers `gone` once nothing is left.
 */
export const END_SCRIPT = `
for name in nonce left pid dir; do IFS= read -r "$name" || exit 1; done
exec 2>/dev/null
if [ -d "$dir" ]; then
  kill -s HUP "$pid"
  while [ -d "$dir" ] && [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done
fi
if [ -d "$dir" ]; then
  read -r job <"$dir/job" && kill -s KILL -- "-$job"
  rm -rf "$dir"
fi
[ -d "$dir" ] || printf '%s gone\\n' "$nonce"
`;

/**
 * The command for ssh that runs a script of this module, which is sent ahead of the lines it reads. Any login shell, even csh,
 * understands it. It reads exactly the script's length of standard input.
 */
export function bootstrapCommand(script: string): string {
  const { length } = Buffer.from(script);
  return `exec /bin/sh -c ${quoted(`script=$(dd bs=1 count=${length} 2>/dev/null) && eval "$script"`)}`;
}

/** The lines that a script reads. No value may contain a line feed. */
export function linesFor(values: readonly string[]): string {
  const bad = values.find((value) => /[\n\0]/.test(value));
  if (bad !== undefined) {
    throw new ConfigurationError(
      'A value for the remote host holds a line feed or a NUL, which cannot be sent',
    );
  }
  return values.map((value) => `${value}\n`).join('');
}

/**
 * A text as one word for sh, csh, fish and their kin. In single quotes csh replaces `!`, and fish reads `\'` and `\\`, so these
 * characters are put between the quoted parts, each behind a backslash.
 * @throws RangeError if it contains a line end, for which the shells have no common form
 */
export function quoted(text: string): string {
  if (/[\n\r\0]/.test(text)) throw new RangeError('No line end can be quoted for all shells');
  return `'${text.replace(/['!\\]/g, (character) => `'\\${character}'`)}'`;
}

/** Time limits of work on another host, in seconds. */
export interface RemoteLimits {
  /** For a tool. */
  readonly tool: number;
  /** For a tool after the connection broke. */
  readonly patience: number;
  /** Between asking a tool to end and killing it. */
  readonly grace: number;
  /** For connecting, sending and tidying up; more than patience and grace. */
  readonly around: number;
}

/** The limits in production. */
export const REMOTE_LIMITS: RemoteLimits = { tool: 300, patience: 30, grace: 5, around: 60 };
