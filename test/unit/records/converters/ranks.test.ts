import { describe, expect, it } from 'vitest';
import { convert } from './convert.ts';

const HEADER = 'host                          port      label               subsystem      rank      ';
const ALIGNED = 'h1                            11100     l1                  ';
const ranks = (...lines: string[]) => convert('ranks', lines.map((line) => `${line}\n`).join('')).table.ranks;

describe('ranks.txt', () => {
  it('of four columns has its rank in the fourth', () => {
    expect(ranks('   host   port   label  rank', '', 'h1\t12100\tc1\t0', 'h1\t12101\tc2\t1')).toEqual({
      header: ['host', 'port', 'label', 'rank'],
      rank0: ['h1', '12100', 'c1', '0'],
      rank1: ['h1', '12101', 'c2', '1'],
    });
  });

  it('keeps short rows', () => {
    expect(ranks(HEADER, '', 'h1 11100 l1 3', 'h1 11100', 'h1')).toEqual({
      header: ['host', 'port', 'label', 'subsystem', 'rank'],
      rank3: ['h1', '11100', 'l1', '3'],
      row2: ['h1', '11100'],
      row3: ['h1'],
    });
  });

  it('keeps ranks that are no numbers', () => {
    expect(ranks(HEADER, 'h p l s -1', 'h p l s n/a')).toMatchObject({
      rank_1: ['h', 'p', 'l', 's', '-1'],
      rankn_a: ['h', 'p', 'l', 's', 'n/a'],
    });
  });

  it('keeps a blank in a subsystem', () => {
    expect(ranks(HEADER, `${ALIGNED}1 2            7         `)).toMatchObject({
      rank7: ['h1', '11100', 'l1', '1 2', '7'],
    });
    expect(ranks(HEADER, 'h p l my sub 7')).toMatchObject({ rank7: ['h', 'p', 'l', 'my', 'sub', '7'] });
  });

  it('keeps rows of equal rank, with a warning', () => {
    const { table, warned } = convert('ranks', `${HEADER}\nh p a s 0\nh p b s 0\n`);
    expect(table.ranks).toMatchObject({
      rank0: ['h', 'p', 'a', 's', '0'],
      rank0_2: ['h', 'p', 'b', 's', '0'],
    });
    expect(warned).toEqual([3]);
  });

  it.each([[['h p a 1 0', 'h p b 1 1']], [['h p a 0', 'h p b 1']]])(
    'without a header has all its rows: %j',
    (lines) => {
      expect(ranks(...lines)).toEqual({ rank0: lines[0]?.split(' '), rank1: lines[1]?.split(' ') });
    },
  );
});
