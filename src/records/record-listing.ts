import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { errorCode, mayPass } from '../system-error.ts';
import { type FileRole, roleOf } from './file-role.ts';
import { type Fault, faultOf, lastingFault, shown } from './record-faults.ts';

/** A file that belongs into the archive. */
export interface ListedFile {
  /** Relative to the run directory, with `/`. */
  readonly path: string;
  /** The path to open: the file itself, or the target of a link inside the run directory. */
  readonly target: string;
}

/** An entry of a run directory, at any depth and of any kind. */
export interface ListedEntry {
  /** Relative to the run directory; empty for the run directory itself. */
  readonly path: string;
  /** Its absolute path, or the target of a link to a file inside the run directory. */
  readonly at: string;
  /** `other` must not be opened: a link, FIFO, socket or device. */
  readonly kind: 'directory' | 'file' | 'other';
}

/** What a run directory holds. Nothing of it is read yet. */
export interface RecordListing {
  /** In order of path. */
  readonly files: readonly ListedFile[];
  /** Everything that was found, whether archived or not, and the directory itself. */
  readonly entries: readonly ListedEntry[];
  /** Left alone: path and reason. */
  readonly aside: readonly (readonly [path: string, reason: string])[];
  /** What makes it impossible to archive the run whole. */
  readonly faults: readonly Fault[];
}

/**
 * Lists a run directory at any depth without following a symbolic link out of it and without opening a file.
 * @param root its real path
 */
export async function listRecord(root: string): Promise<RecordListing> {
  const walk = new Walk(root);
  await walk.enter('');
  walk.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return walk;
}

class Walk implements RecordListing {
  readonly files: ListedFile[] = [];
  readonly entries: ListedEntry[] = [];
  readonly aside: [path: string, reason: string][] = [];
  readonly faults: Fault[] = [];
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async enter(directory: string): Promise<void> {
    // Noted before its entries are read: one that comes meanwhile changes what the next look shows of the directory.
    this.entries.push({ path: directory, at: join(this.#root, directory), kind: 'directory' });
    let entries: Dirent[];
    try {
      entries = await readdir(join(this.#root, directory), { withFileTypes: true });
    } catch (error) {
      this.faults.push(isUnnamed(directory, error) ? unnamed(directory) : faultOf(directory, error));
      return;
    }
    for (const entry of entries) {
      await this.#take(directory === '' ? entry.name : `${directory}/${entry.name}`, entry);
    }
  }

  async #take(path: string, entry: Dirent): Promise<void> {
    const role = roleOf(path);
    if (entry.isDirectory() && role.kind !== 'text') return await this.enter(path);
    this.entries.push({ path, at: join(this.#root, path), kind: entry.isFile() ? 'file' : 'other' });
    if (entry.isDirectory()) {
      this.#refuse(path, 'is a directory');
    } else if (entry.isFile()) {
      this.#accept(path, role, join(this.#root, path));
    } else if (entry.isSymbolicLink()) {
      await this.#takeLink(path, role);
    } else {
      this.#leave(path, role, 'is no file but a FIFO, socket or device');
    }
  }

  async #takeLink(path: string, role: FileRole): Promise<void> {
    let target: string;
    let kind: 'file' | 'directory' | 'other';
    try {
      target = await realpath(join(this.#root, path));
      const stats = await stat(target);
      kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
    } catch (error) {
      const { problem, fault } = faultOf(path, error);
      const what = `is a symbolic link that can't be followed (${problem})`;
      if (role.kind === 'aside') this.aside.push([path, what]);
      else this.faults.push({ path, problem: what, retryable: mayPass(error), fault });
      return;
    }
    const inside = target === this.#root || target.startsWith(this.#root + sep);
    if (kind === 'directory' && !inside) {
      this.#refuse(path, `is a symbolic link to a directory outside of the run directory (${shown(target)})`);
    } else if (kind === 'directory') {
      this.#leave(
        path,
        role,
        'is a symbolic link to a directory of the same record, whose files count where they are',
      );
    } else if (kind === 'other') {
      this.#leave(path, role, 'is a symbolic link to a FIFO, socket or device');
    } else if (!inside) {
      this.#leave(path, role, `is a symbolic link that leads out of the run directory (to ${shown(target)})`);
    } else {
      this.entries.push({ path, at: target, kind: 'file' });
      this.#accept(path, role, target);
    }
  }

  #accept(path: string, role: FileRole, target: string): void {
    if (role.kind === 'refused') this.#refuse(path, role.reason);
    else if (role.kind === 'aside') this.aside.push([path, role.reason]);
    else this.files.push({ path, target });
  }

  /** It can't be read, which matters only if it would be archived. */
  #leave(path: string, role: FileRole, problem: string): void {
    if (role.kind === 'aside') this.aside.push([path, problem]);
    else this.#refuse(path, problem);
  }

  #refuse(path: string, problem: string): void {
    this.faults.push(lastingFault(path, problem));
  }
}

/** A name that is not UTF-8 can't be opened by the text that Node makes of it. */
function isUnnamed(path: string, error: unknown): boolean {
  return path.includes('\ufffd') && errorCode(error) === 'ENOENT';
}

function unnamed(path: string): Fault {
  return lastingFault(path, "the name is not UTF-8, so it can't be opened; rename it");
}
