import { describe, expect, it } from 'vitest';
import { roleOf } from '../../../src/records/file-role.ts';

describe('the role of a file', () => {
  it.each([
    ['tpc01.fcl', 'component'],
    ['sub/deeper/tpc01.fcl', 'component'],
    ['old.fcl/tpc01.fcl', 'component'],
    ['EventBuilderMain_daq-evb01.example.org_11102.fcl', 'component'],
    ['.hidden.fcl', 'component'],
    ['schema.fcl', 'component'],
    ['TpcSchema.fcl', 'component'],
    ['boot.txt', 'text'],
    ['known_boardreaders_list.txt', 'text'],
    ['Boot.txt', 'aside'],
    ['sub/boot.txt', 'aside'],
    ['config.txt', 'aside'],
    ['rc_info_start.txt', 'aside'],
    ['x.fcl.bak', 'aside'],
    ['my_schema.fcl', 'aside'],
    ['sub/my_schema.fcl', 'aside'],
    ['old.fcl/boot.txt', 'aside'],
    ['X.FCL', 'aside'],
    ['fcl', 'aside'],
    ['core', 'aside'],
    ['.fcl', 'refused'],
    ['sub/.fcl', 'refused'],
    ["it's.fcl", 'component'],
    ['a"b.fcl', 'refused'],
    ['a\\b.fcl', 'refused'],
    ['a\nb.fcl', 'refused'],
    ['pmt\u00e9.fcl', 'refused'],
  ])('%j is %s', (path, kind) => {
    expect(roleOf(path).kind).toBe(kind);
  });

  it('names the document', () => {
    expect(roleOf('a/b.c/d e.fcl')).toEqual({ kind: 'component', name: 'd e.fcl' });
    expect(roleOf('ranks.txt')).toEqual({ kind: 'text', name: 'ranks' });
  });
});
