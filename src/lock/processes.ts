import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../system-error.ts';

/** A process of this machine; `startTicks` is undefined where the system does not tell it. */
export interface RunningProcess {
  readonly startTicks: string | undefined;
}

/** Looks up a process. Undefined: there is none, or only a zombie that its parent has not collected yet. */
export function findProcess(pid: number): RunningProcess | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Anything else, such as EPERM, comes from a process that lives.
    if (errorCode(error) === 'ESRCH') return undefined;
  }
  const fields = statFields(pid);
  if (fields?.state === 'Z' || fields?.state === 'X') return undefined;
  return { startTicks: fields?.startTicks };
}

/** The number that Linux gives the PID namespace of the machine itself, in which all processes can be seen. */
const MACHINE_NAMESPACE = '4026531836';

/**
 * Looks for a process of a container of this machine.
 * @param pid as the process itself knows it
 * @param ownNamespace the PID namespace of this process
 * @param table where the system shows its processes, for tests
 * @returns all processes that know themselves by that PID, in whatever container; undefined if some can't be seen: this is a
 *   container, too, or the system hides other accounts' processes
 */
export function findInContainers(
  pid: number,
  ownNamespace: string,
  table = '/proc',
): readonly RunningProcess[] | undefined {
  if (ownNamespace !== MACHINE_NAMESPACE) return undefined;
  try {
    readFileSync(join(table, '1', 'status'));
    const found: RunningProcess[] = [];
    for (const name of readdirSync(table)) {
      if (!/^[0-9]+$/.test(name) || !isKnownAs(pid, join(table, name, 'status'))) continue;
      const fields = statFields(name, table);
      if (fields === undefined) return undefined;
      if (fields.state !== 'Z' && fields.state !== 'X') found.push({ startTicks: fields.startTicks });
    }
    return found;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** The last of the PIDs in `NSpid` belongs to the innermost namespace. A process that ends meanwhile has none. */
function isKnownAs(pid: number, statusFile: string): boolean {
  try {
    const [, ...pids] = /^NSpid:\s+(.*)$/m.exec(readFileSync(statusFile, 'utf8'))?.[1]?.split(/\s+/) ?? [];
    return pids.at(-1) === String(pid);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/** Clock ticks between boot and the start of a process, or undefined where the system does not tell it. */
export function startTicksOf(pid: number): string | undefined {
  return statFields(pid)?.startTicks;
}

/**
 * State (field 3) and start time (field 22) in a line of `/proc/<pid>/stat`. Field 2, the program's name in parentheses,
 * may itself hold spaces and parentheses, so counting begins behind the last one.
 */
export function parseStat(line: string): { state: string; startTicks: string } | undefined {
  const fields = line
    .slice(line.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  const state = fields[0];
  const startTicks = fields[19];
  if (!state || startTicks === undefined || !/^[0-9]+$/.test(startTicks)) return undefined;
  return { state, startTicks };
}

function statFields(
  pid: number | string,
  table = '/proc',
): { state: string; startTicks: string } | undefined {
  try {
    return parseStat(readFileSync(join(table, String(pid), 'stat'), 'utf8'));
  } catch {
    return undefined; // No /proc, or the process is hidden from us (hidepid): its start time stays unknown.
  }
}
