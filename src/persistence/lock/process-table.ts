import { readFileSync } from 'node:fs';
import { errorCode } from '../../system-error.ts';

/** A process of this machine and PID namespace; `startTicks` is undefined where the system does not tell it. */
export interface RunningProcess {
  readonly startTicks: string | undefined;
}

/** Looks a process up. Undefined: there is none, or only a zombie that its parent has not collected yet. */
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

function statFields(pid: number): { state: string; startTicks: string } | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined; // No /proc, or the process is hidden from us (hidepid): its start time stays unknown.
  }
}
