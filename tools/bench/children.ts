import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();

/** Remembers a process until its end, for {@link endChildren}. */
export function remembered<Child extends ChildProcess>(child: Child): Child {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Asks all processes that still run to end. */
export function endChildren(): void {
  for (const child of children) child.kill();
}
