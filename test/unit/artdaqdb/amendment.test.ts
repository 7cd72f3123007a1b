import { describe, expect, it } from 'vitest';
import { amendmentOf, planAmendment } from '../../../src/artdaqdb/amendment.ts';
import { storedDocument } from '../../../src/artdaqdb/stored-document.ts';
import { ArtdaqDbError } from '../../../src/errors.ts';
import { sameContent, toStoredJson } from '../../../src/fhicl/document.ts';

const now = () => new Date(Date.UTC(2024, 0, 1));
const texts = { old: 'a: 1\n', new: 'a: 1\nb: 2\n', other: 'c: 3\n' };
const identity = { entity: 'x', run: 7, config: 'c', collection: 'RunHistory', now: now() } as const;

function stored(...names: (keyof typeof texts)[]) {
  return names.map((name, place) => {
    const id = String(place).padStart(24, '0');
    return storedDocument(`${id}.json`, id, Buffer.from(toStoredJson(texts[name], { ...identity, id })));
  });
}

const amendment = (mayReplace: (text: string) => boolean = () => true) =>
  amendmentOf(7, 'c', { name: 'x.fcl', text: texts.new }, mayReplace, now);

describe('planAmendment', () => {
  it.each([
    ['absent', [], []],
    ['equal', ['new'], []],
    ['equal', ['new', 'new'], []],
    ['replaced', ['old'], [0]],
    ['replaced', ['old', 'old'], [0, 1]],
    // One was replaced before the archiver was killed.
    ['replaced', ['new', 'old'], [1]],
  ] as const)('is %j for %j', async (outcome, names, places) => {
    const documents = stored(...names);
    const plan = planAmendment(await amendment(), documents);
    expect(plan.outcome).toBe(outcome);
    expect(plan.replacements.map(({ id }) => Number(id))).toEqual(places);
    const wanted = toStoredJson(texts.new, { ...identity, id: '0'.repeat(24) });
    for (const { json } of plan.replacements) expect(sameContent(json, wanted)).toBe(true);
  });

  it('replaces nothing that must be kept, and none of several contents', async () => {
    const kept = planAmendment(await amendment((text) => !text.includes('a: 1')), stored('old'));
    expect(kept).toEqual({ outcome: 'kept', replacements: [] });
    const all = await amendment();
    expect(() => planAmendment(all, stored('old', 'other'))).toThrow(ArtdaqDbError);
  });
});
