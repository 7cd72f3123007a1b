import { describe, expect, it } from 'vitest';
import { isCopyName, roleOf } from '../../../src/records/file-role.ts';

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
    ['._tpc01.fcl', 'aside'],
    ['sub/._tpc01.fcl', 'aside'],
    ['._boot.txt', 'aside'],
    ['tpc01.fcl.part', 'aside'],
    ['.~tmp~/tpc01.fcl', 'aside'],
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

describe('the name of a copy in progress', () => {
  it.each([
    '.metadata.txt.Xy12Zz',
    '.tpc01.fcl.0aB9zQ',
    'sub/.boot.txt.abcdef',
    'boot.txt.partial',
    'boot.txt.part',
    'boot.txt.filepart',
    'tpc01.fcl.tmp',
    '.rsync-partial/boot.txt',
    '.~tmp~/boot.txt',
  ])('is %s', (path) => expect(isCopyName(path)).toBe(true));

  it.each([
    'metadata.txt',
    'tpc01.fcl',
    '.hidden.fcl',
    '.nfs00000000000a4f3c0000001d',
    '.record_directory_info',
    'party',
    'tmp',
    'x.part.fcl',
    'log.Xy12Zz',
    '',
  ])('is not %s', (path) => expect(isCopyName(path)).toBe(false));
});
