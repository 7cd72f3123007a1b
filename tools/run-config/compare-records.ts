import { align } from './alignment.ts';
import { Identities } from './identities.ts';
import {
  eachParameter,
  elementPath,
  memberPath,
  type Parameter,
  type SequenceParameter,
  shellOf,
  type TableParameter,
  textOf,
} from './parameters.ts';

/** The files of a run's record by name. */
export type RecordFiles = ReadonlyMap<string, TableParameter>;

/** A parameter that differs: the old value is absent if it was added, the new one if it was removed. */
export interface ParameterChange {
  readonly file: string;
  /** Where it is in the new record or, if it was removed, where it was in the old one. */
  readonly path: string;
  /** Where it was; elements before it in a sequence may have come or gone. */
  readonly oldPath: string;
  readonly old: Parameter | undefined;
  readonly new: Parameter | undefined;
}

/** A file under another name, with the same values but for those that are reported. */
export interface MovedFile {
  readonly from: string;
  readonly to: string;
}

/** A file that only one record has, and how many parameters are in it. */
export interface LoneFile {
  readonly name: string;
  readonly parameters: number;
}

/** How two records differ. */
export interface RecordDifference {
  readonly removed: readonly LoneFile[];
  readonly added: readonly LoneFile[];
  readonly moved: readonly MovedFile[];
  readonly parameters: readonly ParameterChange[];
  /** Differences that were left out. */
  readonly leftOut: number;
}

/** Is a parameter of no interest? */
export type LeavesOut = (file: string, path: string, texts: readonly string[]) => boolean;

/** Compares two records parameter by parameter. */
export function compareRecords(
  old: RecordFiles,
  changed: RecordFiles,
  leavesOut: LeavesOut,
): RecordDifference {
  return new Comparison(leavesOut).of(old, changed);
}

/** Compares what two records have at a path; undefined where one has nothing there. */
export function compareParameters(
  file: string,
  path: string,
  [old, changed]: readonly [Parameter | undefined, Parameter | undefined],
  leavesOut: LeavesOut,
): readonly ParameterChange[] {
  return new Comparison(leavesOut).at(file, path, old, changed);
}

/** Does everything in it count? */
const everything = (): boolean => true;

class Comparison {
  readonly #identities = new Identities();
  readonly #leavesOut: LeavesOut;
  readonly #changes: ParameterChange[] = [];
  #leftOut = 0;
  #file = '';

  constructor(leavesOut: LeavesOut) {
    this.#leavesOut = leavesOut;
  }

  of(old: RecordFiles, changed: RecordFiles): RecordDifference {
    const gone = [...old].filter(([name]) => !changed.has(name));
    const come = new Map([...changed].filter(([name]) => !old.has(name)));
    const moved: MovedFile[] = [];
    const removed: LoneFile[] = [];
    for (const [from, file] of gone) {
      const candidates = [...come];
      const found =
        candidates.find(([, each]) => this.#areEqual(file, each)) ??
        candidates.find(([name]) => isOfOtherPort(from, name));
      if (found === undefined) {
        removed.push(...this.#lone(from, file));
        continue;
      }
      const [to, other] = found;
      come.delete(to);
      moved.push({ from, to });
      this.#file = to;
      this.#compare(file, other, '', '');
    }
    const added = [...come].flatMap(([name, file]) => this.#lone(name, file));
    for (const [name, file] of old) {
      const other = changed.get(name);
      this.#file = name;
      if (other !== undefined) this.#compare(file, other, '', '');
    }
    return { removed, added, moved, parameters: this.#changes, leftOut: this.#leftOut };
  }

  at(
    file: string,
    path: string,
    old: Parameter | undefined,
    changed: Parameter | undefined,
  ): readonly ParameterChange[] {
    this.#file = file;
    if (old !== undefined && changed !== undefined) this.#compare(old, changed, path, path);
    else this.#report(old, changed, path, path);
    return this.#changes;
  }

  /** None if all of it is left out. */
  #lone(name: string, file: TableParameter): LoneFile[] {
    let [parameters, counting] = [0, 0];
    eachParameter(file, '', everything, (path, parameter) => {
      parameters++;
      if (!this.#leavesOut(name, path, [textOf(parameter)])) counting++;
    });
    if (parameters === 0 || counting > 0) return [{ name, parameters }];
    this.#leftOut++;
    return [];
  }

  #areEqual(one: Parameter, other: Parameter): boolean {
    return this.#identities.of(one) === this.#identities.of(other);
  }

  #compare(old: Parameter, changed: Parameter, oldPath: string, path: string): void {
    if (this.#areEqual(old, changed)) return;
    if (old.kind === 'scalar' || changed.kind === 'scalar' || old.kind !== changed.kind) {
      this.#report(old, changed, oldPath, path);
      return;
    }
    if (old.protection !== changed.protection) this.#report(shellOf(old), shellOf(changed), oldPath, path);
    if (old.kind === 'table' && changed.kind === 'table') this.#compareTables(old, changed, oldPath, path);
    if (old.kind === 'sequence' && changed.kind === 'sequence') {
      this.#compareSequences(old, changed, oldPath, path);
    }
  }

  #compareTables(old: TableParameter, changed: TableParameter, oldPath: string, path: string): void {
    for (const [name, member] of old.members) {
      const other = changed.members.get(name);
      const before = memberPath(oldPath, name);
      if (other === undefined) this.#lacks(member, before, 'old');
      else this.#compare(member, other, before, memberPath(path, name));
    }
    for (const [name, member] of changed.members) {
      if (!old.members.has(name)) this.#lacks(member, memberPath(path, name), 'new');
    }
  }

  /** A list of which more than half differs is one parameter: its elements say nothing one by one. */
  #compareSequences(old: SequenceParameter, changed: SequenceParameter, oldPath: string, path: string): void {
    const ids = [old, changed].map(({ elements }) => elements.map((each) => this.#identities.of(each)));
    const [before = [], after = []] = ids;
    const likeness = (i: number, j: number): number => this.#likeness(old.elements[i], changed.elements[j]);
    const differing = align(before, after, likeness);
    const longest = Math.max(before.length, after.length);
    if (old.isFlat && changed.isFlat && longest > 1 && differing.length > longest / 2) {
      this.#report(old, changed, oldPath, path);
      return;
    }
    for (const places of differing) {
      const [from = 0, to = 0] = [places.old, places.new];
      const [one, other] = [old.elements[from], changed.elements[to]];
      if (places.new === undefined && one !== undefined) this.#lacks(one, elementPath(oldPath, from), 'old');
      else if (places.old === undefined && other !== undefined) {
        this.#lacks(other, elementPath(path, to), 'new');
      } else if (one !== undefined && other !== undefined) {
        this.#compare(one, other, elementPath(oldPath, from), elementPath(path, to));
      }
    }
  }

  /** Tables are alike by their equal members; of other elements any two are as much alike as any others. */
  #likeness(one: Parameter | undefined, other: Parameter | undefined): number {
    if (one?.kind !== 'table' || other?.kind !== 'table') return one?.kind === other?.kind ? 1 : 0;
    let equal = 0;
    for (const [name, member] of one.members) {
      const match = other.members.get(name);
      if (match !== undefined && this.#areEqual(member, match)) equal++;
    }
    return equal / Math.max(1, one.members.size, other.members.size);
  }

  /** Reports each parameter of what only one record has. */
  #lacks(part: Parameter, path: string, side: 'old' | 'new'): void {
    eachParameter(part, path, everything, (each, parameter) => {
      this.#report(
        side === 'old' ? parameter : undefined,
        side === 'new' ? parameter : undefined,
        each,
        each,
      );
    });
  }

  #report(old: Parameter | undefined, changed: Parameter | undefined, oldPath: string, path: string): void {
    const texts = [old, changed].flatMap((each) => (each === undefined ? [] : [textOf(each)]));
    if (this.#leavesOut(this.#file, path, texts)) this.#leftOut++;
    else this.#changes.push({ file: this.#file, path, oldPath, old, new: changed });
  }
}

/** Until April 2018 the names of files ended in a port, which is another one in another partition. */
const PORT = /_\d+\.fcl$/;

function isOfOtherPort(one: string, other: string): boolean {
  return PORT.test(one) && PORT.test(other) && one.replace(PORT, '') === other.replace(PORT, '');
}
