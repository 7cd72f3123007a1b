import { BSON } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { storedJsonOf } from '../../src/artdaqdb/mongo/bson-json.ts';
import { bsonOfStored } from '../../src/artdaqdb/mongo/stored-bson.ts';
import { refuseLosses } from '../../src/artdaqdb/tools/tool-limits.ts';
import { packBlob, sameRecord } from '../../src/blob/pack.ts';
import { unpackBlob } from '../../src/blob/unpack.ts';
import { validateBlob } from '../../src/blob/validate.ts';
import { parseEnvFile } from '../../src/config/env-file.ts';
import { expandConfig } from '../../src/config/expand.ts';
import { readYaml } from '../../src/config/read-yaml.ts';
import { BlobError, ConfigurationError } from '../../src/errors.ts';
import { readStored } from '../../src/fhicl/document.ts';
import { sourceOfExport } from '../../src/fhicl/exported-source.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';
import { readStoredQuickly } from '../../src/fhicl/quick-export.ts';
import { writeContent } from '../../src/fhicl/stored-content.ts';
import { compareFiles } from '../../src/records/compare.ts';
import { configName } from '../../src/records/config-name.ts';
import { CONVERTERS } from '../../src/records/converters/converters.ts';
import { runHistory, runHistory2 } from '../../src/records/run-history.ts';
import { eventsIn } from '../../src/records/run-times.ts';
import { RunSet } from '../../src/runs/run-set.ts';
import { AttemptedOrder } from '../../src/stages/candidates.ts';
import { givenUpText } from '../../src/stages/given-up-texts.ts';
import { Schedule } from '../../src/stages/schedule.ts';
import { WaitingBook } from '../../src/stages/waiting-book.ts';
import { GivenUp } from '../../src/state/given-up-runs.ts';
import { advance } from '../../src/state/position.ts';
import { JsonArrayReader } from '../../src/ucondb/listing.ts';
import { canonicalFhicl } from '../../tools/compare-artdaqdb-ucondb/normaliser.ts';
import { unifiedDiff } from '../../tools/compare-artdaqdb-ucondb/unified-diff.ts';
import { compareRecords } from '../../tools/run-config/compare-records.ts';
import { isLeftOut } from '../../tools/run-config/left-out.ts';
import { readParameters } from '../../tools/run-config/parameters.ts';
import { growthOf, LARGEST_GROWTH, ratioOf } from '../helpers/growth.ts';
import { store } from './fhicl/support.ts';

/** Makes a text of about that many characters. */
type Shape = (size: number) => string;
type Work = (size: number) => () => unknown;

/** The text again and again; each `%` in it becomes a number, another one each time. */
function repeated(text: string): Shape {
  return (size) => {
    let all = '';
    for (let number = 0; all.length < size; number++) all += text.replaceAll('%', String(number));
    return all;
  };
}

function within(start: string, text: string, end = ''): Shape {
  return (size) => start + repeated(text)(size) + end;
}

/** Some that are nested deep, as nesting is limited. */
function nested(open: string, close: string): Shape {
  return repeated(`a%: ${open.repeat(100)}1${close.repeat(100)}\n`);
}

function expectLinear(work: Work, size: number): void {
  expect(growthOf(work, size)).toBeLessThan(LARGEST_GROWTH);
}

/** Refusing takes time as well. */
function orRefuse(work: () => unknown, refusal: typeof ConfigurationError | typeof BlobError): () => unknown {
  return () => {
    try {
      return work();
    } catch (error) {
      if (error instanceof refusal) return undefined;
      throw error;
    }
  };
}

const FHICL_SIZE = 2000;

describe('FHiCL is stored, exported and compared in linear time, also if it is', () => {
  it.each<[string, Shape]>([
    ['names', repeated('a%: 1\n')],
    ['names in a table', within('t: {\n', 'a%: 1\n', '}\n')],
    ['one name', repeated('a: 1\n')],
    ['one name in a table', within('t: {', 'a: 1\n', '}\n')],
    ['one name in a prolog', within('BEGIN_PROLOG\n', 'a: 1\n', 'END_PROLOG\n')],
    ['prologs', repeated('BEGIN_PROLOG a%: 1 END_PROLOG\n')],
    ['names like the end of a prolog', within('BEGIN_PROLOG\n', 'END_PROLOG%: 1\n', 'END_PROLOG\n')],
    ['dotted names', repeated('a.b.c%: 1\n')],
    ['one dotted name', within('a', '.b', ': 1\n')],
    ['tables in tables', nested('{ b: ', ' }')],
    ['protected tables in tables', nested('{ b @protect_error: ', ' }')],
    ['sequences in sequences', nested('[', ']')],
    ['elements on one line', within('a: [1', ', 1', ']\n')],
    ['elements on many lines', within('a: [1', ',\n  "x"', '\n]\n')],
    ['empty texts', repeated('a%: ""\n')],
    ['one long text', within('a: "', 'x', '"\n')],
    ['one text of escapes', within('a: "x', '\\"\\\\\\n', 'x"\n')],
    ['one text of lines', within("a: '", 'x\n', "'\n")],
    ['one text of what looks like includes', within("a: '", 'x #include x\n', "'\n")],
    ['one long word', within('a: x', 'y', '\n')],
    ['one word before vertical tabs', within('a: x', '\v', '\n')],
    ['one long number', within('a: 1', '01', '\n')],
    ['one long number of zeros', within('a: 1', '00', '1\n')],
    ['one long fraction', within('a: 0.', '00', '1\n')],
    ['one long hexadecimal number', within('a: 0x1', '0f', '\n')],
    ['complex numbers', repeated('a%: (1, 2)\n')],
    ['one complex number with vertical tabs', within('a: (1,', '\v', '2)\n')],
    ['references', repeated('a%: @local::b\n')],
    ['blank lines', within('a: 1\n', '\n', 'b: 1\n')],
    ['blanks', within('a: 1\n', ' ', 'b: 1\n')],
    ['lines that end in CR LF', repeated('a%: 1\r\n')],
    ['comments', repeated('# x\na%: 1 // y\n')],
    ['comments with a quote', repeated("# don't\na%: 1\n")],
    ['comments with empty quotes', within('a: ""\n', '# "" \'\' "\n')],
    ['one long comment', within('# x', '#', '\na: 1\n')],
    ['includes', repeated('#include "x"\n')],
    ['comments that look like includes', within('', '#include x\n', 'a: "1"\n')],
    ['includes behind values', repeated('a%: 1 # #include "x"\n')],
    ['includes over blank lines', repeated('#include\n\n"x"\n')],
  ])('%s', (_, shape) => {
    expectLinear((size) => {
      const text = shape(size);
      return () => store(text);
    }, FHICL_SIZE);
    expectLinear((size) => {
      const text = shape(size);
      return () => writeContent(parseFhicl(text, 'text'));
    }, FHICL_SIZE);
    expectLinear((size) => {
      const json = store(shape(size));
      return () => readStored(json);
    }, FHICL_SIZE);
    expectLinear((size) => {
      const document = Buffer.from(store(shape(size)));
      return () => readStoredQuickly(document);
    }, FHICL_SIZE);
    expectLinear((size) => {
      const text = shape(size);
      return () => canonicalFhicl(text, 'text');
    }, FHICL_SIZE);
  });
});

it('A table deep in protected tables is stored as fast as in others', () => {
  const deep = (open: string) => `${open.repeat(900)}${repeated('b%: 1\n')(100_000)}${' }'.repeat(900)}\n`;
  const [guarded, plain] = [deep('a @protect_error: { '), deep('a: { ')];
  expect(
    ratioOf(
      () => store(guarded),
      () => store(plain),
    ),
  ).toBeLessThan(2);
});

describe('What the C++ tools would lose of a document is found in linear time, also if it is', () => {
  it.each<[string, Shape, number]>([
    [
      'names in a prolog and outside',
      (size) => `${within('BEGIN_PROLOG\n', 'a%: 1\n', 'END_PROLOG\n')(size)}${repeated('b%: 1\n')(size)}`,
      40_000,
    ],
    ['one name', repeated('a: 1\n'), 5000],
    ['tables in tables', nested('{ b: ', ' }'), 5000],
    ['sequences in sequences', nested('[', ']'), 5000],
    ['includes', repeated('#include "x"\n'), 5000],
  ])('%s', (_, shape, size) => {
    expectLinear((length) => {
      const file = { name: 'x.fcl', text: shape(length) };
      return () => refuseLosses(1, file);
    }, size);
  });
});

describe('The source of an exported text is found in linear time, also if it has', () => {
  it.each<[string, Shape]>([
    ['names', repeated('\na%: 1 \n')],
    ['what looks like comments', within('\na: "" \n', '\nu%: "http://x" //x"\n\nb: "" \n')],
    ['what could look like comments', repeated('\na: "" \n\nu%: "http://x" \n')],
    ['texts over many lines', within('\na: "" \n\nb: "', '# x\n', '" \n')],
    ['one long line', within('\na: "" \n\nb: ["', '#x", "', '"] \n')],
    ['quotes in comments', repeated('# "\na%: "\'" // \'\n')],
  ])('%s', (_, shape) => {
    expectLinear((size) => {
      const text = shape(size);
      return () => sourceOfExport(text);
    }, FHICL_SIZE);
  });
});

describe('A document goes to MongoDB and back in linear time, also if it is', () => {
  it.each<[string, Shape]>([
    ['names', repeated('a%: 1\n')],
    ['one name', repeated('a: 1\n')],
    ['tables in tables', nested('{ b: ', ' }')],
    ['sequences in sequences', nested('[', ']')],
    ['comments', repeated('# x\na%: 1\n')],
    ['one text of escapes', within('a: "x', '\\"\\\\\\n', 'x"\n')],
  ])('%s', (_, shape) => {
    expectLinear((size) => {
      const json = store(shape(size));
      return () => storedJsonOf(BSON.serialize(bsonOfStored(Buffer.from(json))), 'document');
    }, FHICL_SIZE);
  });
});

describe('Text files of a record are converted in linear time, also if they are', () => {
  const programs: readonly ((bytes: Buffer) => unknown)[] = [
    ...Object.values(CONVERTERS),
    (bytes) => runHistory(1, bytes),
    runHistory2,
    configName,
    eventsIn,
  ];

  it.each<[string, Shape]>([
    ['keys', repeated('a%: 1\n')],
    ['one key', repeated('a: x\n')],
    ['keys that are no names', repeated('%a: x\n')],
    ['one key that is no name', repeated('9a: x\n')],
    ['keys that become one name', repeated('a-%: x\na/%: y\n')],
    ['keys whose names are taken', repeated('a_%: 1\n9a_%: 1\na(: x\n')],
    ['one long key', within('', '(', ': 1\n')],
    ['lines of one quote', repeated('a%: "\nb%: \'\n')],
    ['one line of quotes', repeated('"\'')],
    ['one text of quotes', within('a: "', 'x"', '\n')],
    ['backslashes', within('a: x', '\\', '\n')],
    ['blank lines', repeated('\n')],
    ['lines that end in CR', repeated('\r')],
    ['blanks', within('a', ' ', 'b: 1\n')],
    ['one line of colons', repeated(':')],
    ['one long word', repeated('x')],
    ['comments', repeated('# x\n')],
    ['includes', repeated('#include "x"\n')],
    ['characters that FHiCL has not', repeated('é: é\n')],
    ['opening brackets', repeated('[\n{\n')],
    ['closing brackets', repeated(']\n}\n')],
    ['one line of brackets', within('a: ', '[')],
    ['lists that are never closed', repeated('a%: [\n')],
    ['lists on several lines', repeated('a%: [\n1\n]\n')],
    ['one list', within('a: [ x', ', b-c', ' ]\n')],
    ['one list of texts', within('a: [ "x"', ', "b"', ' ]\n')],
    ['one list with remarks', within('a: [ x\n', ', b # y\n', ']\n')],
    ['components', repeated('Component #%: a%\n')],
    ['configuration names', repeated('Config name: a%\n')],
    ['sections of log files', repeated('boardreader logfiles: \n')],
    ['log files', within('boardreader logfiles: \n', 'h:/a%.log\n')],
    ['provenance', repeated('a% commit/version: 1 "m"\n "t" "v"\n\n')],
    ['provenance of many lines', within('a commit/version: 1\n', ' "t" "v"\n')],
    [
      'times',
      repeated('DAQInterface start time: x%\nDAQInterface stop time: Thu Oct 24 15:30:00 UTC 2024\n'),
    ],
    ['sources of a subsystem', repeated('Subsystem source: %\n')],
    ['ports', repeated('EventBuilder port: 5 # x\n')],
    ['processes', repeated('EventBuilder host: h%\nEventBuilder label: l%\n\n')],
    ['processes with their name behind the key', repeated('EventBuilder_host eb%: h\n')],
    ['variables', repeated('export A%="x"\n')],
    ['one variable of many lines', within('export A=x\n', 'line %\n')],
    ['ranks', within('host port label subsystem rank\n\n', 'h 1 l s %\n')],
    ['equal ranks', within('host port label subsystem rank\n\n', 'h 1 l s 1\n')],
    ['board readers', repeated('l% h -1 1 0-15 "a b"\n')],
  ])('%s', (_, shape) => {
    for (const program of programs) {
      expectLinear((size) => {
        const bytes = Buffer.from(shape(size));
        return () => program(bytes);
      }, 1500);
    }
  });
});

describe('A blob of much', () => {
  const filesOf = (size: number) =>
    Array.from({ length: size / 10 }, (_, index) => ({ name: `f${index}.fcl`, text: 'x: 1\n' }));

  it.each<[string, (size: number) => { name: string; text: string }[]]>([
    ['files', filesOf],
    ['text', (size) => [{ name: 'metadata.fcl', text: repeated('a%: 1\n')(size) }]],
    ['one line', (size) => [{ name: 'metadata.fcl', text: 'x'.repeat(size) }]],
    ['blank lines', (size) => [{ name: 'metadata.fcl', text: '\n'.repeat(size) }]],
    ['marks of sections', (size) => [{ name: 'metadata.fcl', text: '\n#####\n'.repeat(size / 7) }]],
  ])('%s is packed, unpacked, validated and compared in linear time', (_, make) => {
    expectLinear((size) => {
      const files = make(size);
      return () => packBlob(1, files, new Date(0));
    }, 10_000);
    for (const program of [unpackBlob, validateBlob, (blob: Buffer) => sameRecord(blob, Buffer.from(blob))]) {
      expectLinear((size) => {
        const blob = packBlob(1, make(size), new Date(0));
        return () => program(blob);
      }, 10_000);
    }
  });

  it('sections that nobody packed is refused in linear time', () => {
    expectLinear((size) => {
      const files = [{ name: 'a.fcl', text: '\n#####\nb.fcl:\n#####\n'.repeat(size / 20) }];
      return orRefuse(() => packBlob(1, files, new Date(0)), BlobError);
    }, 10_000);
  });

  it('files is compared with others in linear time', () => {
    expectLinear((size) => {
      const [one, other] = [filesOf(size), filesOf(2 * size)];
      return () => compareFiles(one, other);
    }, 10_000);
  });
});

describe('A unified diff takes linear time, also of', () => {
  it.each<[string, (text: string) => string]>([
    ['texts that differ in one line', (text) => `${text}x`],
    ['texts that have nothing in common', (text) => text.replaceAll('l', 'm')],
    ['texts that differ in many lines', (text) => text.replaceAll('3\n', '4\n')],
    ['texts with their lines in another order', (text) => text.split('\n').toReversed().join('\n')],
    ['one long line', (text) => `${text.replaceAll('\n', '')}\n`],
  ])('%s', (_, change) => {
    expectLinear((size) => {
      const old = repeated('l%\n')(size);
      const sides = [
        { label: 'old', text: old },
        { label: 'new', text: change(old) },
      ] as const;
      return () => unifiedDiff(...sides);
    }, 10_000);
  });
});

describe('Two records are compared in linear time, also if', () => {
  it.each<[string, Shape, (text: string) => string]>([
    ['names are other', repeated('a%: 1\n'), (text) => text.replaceAll('a', 'b')],
    ['values are other', repeated('a%: 1\n'), (text) => text.replaceAll(': 1', ': 2')],
    ['elements are other', within('a: [0', ', %', ']\n'), (text) => text.replaceAll('3,', '4,')],
    [
      'elements have another order',
      within('a: [0', ', %', ']\n'),
      (text) => {
        return `a: [${text.slice(4, -2).split(', ').toReversed().join(', ')}]\n`;
      },
    ],
    [
      'tables in a sequence are other',
      within('a: [{}', ', {b: % c: 1}', ']\n'),
      (text) => text.replaceAll('c: 1', 'c: 2'),
    ],
    ['tables in tables are other', nested('{ b: ', ' }'), (text) => text.replaceAll('1 }', '2 }')],
  ])('%s', (_, shape, change) => {
    expectLinear((size) => {
      const text = shape(size);
      const records = [text, change(text)].map(
        (each) => new Map([['a.fcl', readParameters({ name: 'a.fcl', text: each })]]),
      );
      const [old = new Map(), changed = new Map()] = records;
      return () => compareRecords(old, changed, isLeftOut);
    }, 20_000);
  });
});

describe('A listing of UconDB is read in linear time, also if it has', () => {
  it.each<[string, Shape, number]>([
    ['many versions at once', within('[0', ', {"key": "%"}', ']'), 1e9],
    ['many versions bit by bit', within('[0', ', {"key": "%"}', ']'), 3],
    ['one long version bit by bit', within('["', 'x', '"]'), 3],
    ['blanks', within('', ' ', '[]'), 1e9],
  ])('%s', (_, shape, chunk) => {
    expectLinear((size) => {
      const text = shape(size);
      return () => {
        const reader = new JsonArrayReader(() => undefined);
        for (let at = 0; at < text.length; at += chunk) reader.push(text.slice(at, at + chunk));
        reader.end();
      };
    }, 50_000);
  });
});

describe('A configuration is read, or refused, in linear time, also if it is', () => {
  it.each<[string, Shape]>([
    ['parameters', repeated('a%: 1\n')],
    ['one parameter again and again', repeated('a: 1\n')],
    ['numbers to warn of', repeated('a%: 017\n')],
    ['lists in lists', repeated('a%: [[[[1]]]]\n')],
    ['aliases', within('x: &x 1\n', 'a%: *x\n')],
    ['merges', within('x: &x {a: 1}\n', 'a%: {<<: *x}\n')],
    ['comments', within('a: 1\n', '# x\n')],
    ['blank lines', within('a: 1\n', '\n')],
    ['one text of escapes', within('a: "', '\\n', '"\n')],
    ['one text of lines', within('a: |\n', '  x\n')],
    ['one long number', within('a: 1', '0', '\n')],
    ['one number to the base of 60', within('a: 1', ':1', '\n')],
  ])('%s', (_, shape) => {
    expectLinear((size) => {
      const text = shape(size);
      return orRefuse(() => readYaml(text, 'file'), ConfigurationError);
    }, 12_000);
  });

  it.each<[string, (size: number) => string[]]>([
    ['texts with references', (size) => Array.from({ length: size / 20 }, () => '${A}${b}${none}')],
    ['one text of references', (size) => ['${A}'.repeat(size / 4)]],
    ['one text of references that are not closed', (size) => ['${'.repeat(size / 2)]],
  ])('%s', (_, texts) => {
    expectLinear((size) => {
      const tree = { s: { b: 'c', texts: texts(size) } };
      return () => expandConfig(tree, { A: 'x' });
    }, 20_000);
  });

  it.each<[string, Shape]>([
    ['variables', repeated('A%=x # y\n')],
    ['variables that refer to others', within('A=x\n', 'B%=$A\n')],
    ['a variable that doubles with each line', within('A=x\n', 'A=$A$A\n')],
    ['one variable of escapes', within('A="', '\\"x', '"\n')],
    ['blanks behind a variable', within('A=x', ' ', 'y\n')],
  ])('%s', (_, shape) => {
    expectLinear((size) => {
      const text = shape(size);
      return orRefuse(() => parseEnvFile(text, 'file', {}), ConfigurationError);
    }, 10_000);
  });
});

describe('A set of runs takes linear time', () => {
  const every = (step: number, size: number) => Array.from({ length: size }, (_, index) => index * step);

  it.each<[string, Work]>([
    ['to be made', (size) => () => RunSet.of(every(2, size))],
    [
      'to be read',
      (size) => {
        const texts = RunSet.of(every(2, size)).toTexts();
        return () => RunSet.fromTexts(texts);
      },
    ],
    [
      'to get others',
      (size) => {
        const [one, other] = [RunSet.of(every(2, size)), RunSet.of(every(3, size))];
        return () => one.union(other);
      },
    ],
    [
      'to lose others',
      (size) => {
        const [set, gone] = [RunSet.of(every(2, size)), every(4, size)];
        return () => set.without(gone);
      },
    ],
  ])('%s', (_, work) => expectLinear(work, 20_000));
});

describe('Runs that were given up for the same reason, each with a failure of its own, take linear time', () => {
  const notes = (size: number) =>
    Array.from({ length: size }, (_, run) => ({
      runs: RunSet.of([2 * run]),
      by: 'kim@daq01',
      time: '2026-12-01T10:00:00.000Z',
      reason: 'no beam',
      import: {
        was: 'failed',
        reason: { time: '2026-11-24T10:00:00.000Z', message: `line ${run}` },
      } as const,
      migrate: { was: 'new' } as const,
      unequal: false,
    }));

  it.each<[string, Work]>([
    ['to be told', (size) => () => givenUpText(new GivenUp(notes(size)))],
    ['to be given up once more', (size) => () => new GivenUp(notes(size)).with(notes(size))],
    [
      'to be taken up',
      (size) => {
        const [all, half] = [
          new GivenUp(notes(size)),
          RunSet.of(Array.from({ length: size }, (_, run) => 4 * run)),
        ];
        return () => [all.of(half), all.without(half)];
      },
    ],
  ])('%s', (_, work) => expectLinear(work, 2_000));
});

describe('Planning takes linear time', () => {
  const runsOf = (size: number) => Array.from({ length: size }, (_, run) => run);
  const archived = { kind: 'archived', reached: new Set(['UconDB write'] as const) } as const;

  it.each<[string, Work]>([
    [
      'to choose among runs that wait and others',
      (size) => {
        const waiting = runsOf(size);
        const others = waiting.map((run) => run + size);
        return () => {
          const schedule = new Schedule({ others, waiting, limit: Infinity, isAlarmed: false });
          for (let run = schedule.next(); run !== undefined; run = schedule.next()) {
            schedule.ended(run, 'success');
            schedule.drop(run + 1);
          }
        };
      },
    ],
    [
      'to move the position run by run in a large archive',
      (size) => {
        const archivedBefore = RunSet.of(runsOf(size).map((run) => 2 * run + 1));
        return () => {
          const [successes, ended] = [new Set<number>(), new Set<number>()];
          const order = new AttemptedOrder(runsOf(size));
          let state = { lastContiguousRun: 1, lastAttemptedRun: 0 };
          for (let run = 2; run < size; run += 2) {
            successes.add(run);
            ended.add(run - 2).add(run - 1);
            const attempted = [order.upTo(ended) ?? 0];
            state = advance(state, { successes, attempted, archivedBefore, lowestKnown: 0 });
          }
        };
      },
    ],
    [
      'to note successes while runs wait',
      (size) => {
        const [waitingRun, now] = [
          { place: 'UconDB write', fault: 'site', cause: '' },
          () => new Date(),
        ] as const;
        const counts = { since: '2026-12-01T00:00:00Z', cycles: 1, successes: 0, undecided: false };
        const before = new Map(runsOf(size).map((run) => [run, { ...waitingRun, ...counts }]));
        const options = { before, inFailureLog: new Set<number>(), usualPlace: 'UconDB write', now } as const;
        return () => {
          const book = new WaitingBook(options);
          for (let run = size; run < 2 * size; run++) book.ended(run, archived);
        };
      },
    ],
  ])('%s', (_, work) => expectLinear(work, 2000));
});
