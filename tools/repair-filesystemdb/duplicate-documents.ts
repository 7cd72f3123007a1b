import { CONFIGURATIONS } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { ownObjectId } from '../../src/artdaqdb/object-id.ts';
import type { CollectionPlan } from './collection-plan.ts';
import { assignedAt, type DocumentGroup } from './document-groups.ts';
import { type Entry, NO_ENTRY } from './entry.ts';

const COLLECTIONS = ['RunHistory', 'SystemLayout'] as const;

/**
 * Settles which of several documents of one entity stays. Of equal ones that is one; where the content differs, none is
 * touched.
 * @param candidates unlisted documents that would be indexed; those that must not be are taken out
 */
export async function settleGroup(
  group: DocumentGroup,
  plan: CollectionPlan,
  candidates: Map<string, Entry>,
): Promise<void> {
  const { reader, scan } = plan.check;
  const isThere = (id: string): boolean => plan.wanted.has(id) || candidates.has(id);
  const [kept, ...others] = group.ids
    .filter((id) => isThere(id) && reader.envelope(id) !== undefined)
    .sort(byPreference(group, plan));
  if (kept === undefined) return;
  const problem = `${reader.pathOf(kept)} holds the same entity`;
  for (const id of others) {
    const entry = plan.wanted.get(id) ?? candidates.get(id) ?? NO_ENTRY;
    const isCandidate = candidates.has(id);
    if (!(await reader.isSame(kept, id))) {
      candidates.delete(id);
      candidates.delete(kept);
      plan.unclear.add(group.configuration);
      plan.report('duplicate document', id, entry, `${problem} with other content`, {
        advice: 'find out which of both the run had, and move the other one away',
      });
      continue;
    }
    // A second schema is what every update by the C++ tools leaves.
    if (scan.name === 'SystemLayout') continue;
    candidates.delete(id);
    if (entry[CONFIGURATIONS].length > 1) {
      plan.report('duplicate document', id, entry, `${problem} and content, but not in all configurations`);
      continue;
    }
    plan.report('duplicate document', id, entry, `${problem} and content`, {
      remedy: isCandidate ? 'move it to the backup' : 'take it out of the index and move it to the backup',
    });
    plan.takeOut(id, entry);
  }
}

/** Listed before unlisted, ours before others', newer before older. */
function byPreference(
  { configuration, entity }: DocumentGroup,
  { wanted, check: { reader, scan } }: CollectionPlan,
): (one: string, other: string) => number {
  const collection = COLLECTIONS.find((name) => name === scan.name);
  const own = collection && ownObjectId(collection, configuration, entity);
  const time = (id: string): number => assignedAt(reader.envelope(id), configuration);
  return (one, other) =>
    Number(wanted.has(other)) - Number(wanted.has(one)) ||
    Number(other === own) - Number(one === own) ||
    Math.sign(time(other) - time(one)) ||
    (one < other ? -1 : 1);
}
