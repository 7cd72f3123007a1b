import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html } from '../../../../src/report/html/markup.ts';
import { type ReportOrigin, statusPage } from '../../../../src/report/html/status-page.ts';
import { outage, type StatusFacts, statusOf } from '../../../helpers/status.ts';

const origin: ReportOrigin = {
  time: new Date(0),
  host: 'evb<02>',
  version: '9.8.7',
  configPath: '/conf/a&b.yaml',
  selection: undefined,
  compareState: false,
};
const pageOf = (facts: StatusFacts, more: Partial<ReportOrigin> = {}) =>
  statusPage(statusOf(facts), { ...origin, ...more });
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('markup', () => {
  it('escapes every text, in elements and in attributes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { text: made } = html`<a title="${text}">${[text]}</a>`;
        expect(made.slice(3, -4)).not.toMatch(/[<]|&(?!(amp|lt|gt|quot|#39);)/);
        expect(made.match(/"/g)).toHaveLength(2);
        expect(made.replace(/\n|\t/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      }),
    );
  });
});

describe('the page', () => {
  it('is complete without runs, and with a single run', () => {
    expect(pageOf({ files: [], artdaqDb: [], uconDb: [] })).toContain('No place that answered has runs.');
    const one = pageOf({ files: [7], artdaqDb: [7], uconDb: [7] });
    expect(one).toContain('All places are in step');
    expect(one).toContain('<title>Run 7\nFilesystem: present\nArtdaqDB: present\nUconDB: present</title>');
    expect(one).toContain('<dt>Range</dt><dd>7 to 7</dd>');
    expect(one).not.toContain('The last 150');
  });

  it('has commands that show what changed between neighbouring runs, the newest first', () => {
    const status = statusOf({ files: [], artdaqDb: [1, 2, 5], uconDb: [] });
    const commandsOf = (command: string | undefined) => {
      const page = statusPage({ ...status, command }, origin);
      return [...page.matchAll(/<li><code>(.*?)<\/code><\/li>/g)].flatMap(([, text = '']) =>
        text.includes(' diff ') ? [text] : [],
      );
    };
    expect(commandsOf('/opt/a/bin/run-archiver /etc/c.yaml')).toEqual([
      '/opt/a/bin/run-config /etc/c.yaml diff 2 5',
      '/opt/a/bin/run-config /etc/c.yaml diff 1 2',
    ]);
    expect(commandsOf("'/opt/a b/bin/run-archiver' /etc/c.yaml")[0]).toBe(
      '&#39;/opt/a b/bin/run-config&#39; /etc/c.yaml diff 2 5',
    );
    expect(commandsOf(undefined)).toEqual([]);
    const many = statusOf({ files: [], artdaqDb: upTo(400), uconDb: [] });
    expect(statusPage({ ...many, command: '/bin/run-archiver c' }, origin).match(/ diff \d+/g)).toHaveLength(
      10,
    );
    expect(pageOf({ files: [], artdaqDb: [1], uconDb: [] })).not.toContain('What changed');
  });

  it('says when and where it was made, and which runs it covers', () => {
    expect(pageOf({ files: [], artdaqDb: [], uconDb: [] })).toContain(
      '1970-01-01 00:00:00 UTC</time><span id="age"></span> on <b>evb&lt;02&gt;</b> · /conf/a&amp;b.yaml · version 9.8.7',
    );
  });

  it('never shows a text as markup', () => {
    const location = '/daq/<script>alert(1)</script>';
    const page = pageOf({ files: undefined, artdaqDb: [1], uconDb: [], location });
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain('/daq/&lt;script&gt;alert(1)');
    expect(page).not.toContain('<b>&amp;');
    expect(page).not.toMatch(/(src|href)="(?!#|data:,")/);
  });

  it('shows a place that could not be asked, and why', () => {
    const page = pageOf({ files: [1, 2], artdaqDb: undefined, uconDb: [1] });
    expect(page).toContain('No answer: ArtdaqDB');
    expect(page).toContain('<i class="lane unknown"');
    expect(page).toContain(
      outage.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;'),
    );
    expect(page).toContain('ArtdaqDB: could not be asked');
    expect(page).toContain('<b>–</b><span>To import (not known)</span>');
  });

  it('shows a file that could not be read', () => {
    const status = statusOf({ files: [1], artdaqDb: [1], uconDb: [1] });
    const page = statusPage(
      { ...status, stages: [{ stage: 'import', error: 'torn <file>' }], lateTimes: { error: 'lost' } },
      origin,
    );
    expect(page).toContain('No answer: the import state, the record of late stop times');
    expect(page).toContain('<dd>torn &lt;file&gt;</dd>');
  });

  it('names failures first, with their ranges, and gaps last', () => {
    const files = upTo(400).filter((run) => run < 200 || run > 202);
    const artdaqDb = files.filter((run) => run !== 50 && run !== 51);
    const page = pageOf({
      files,
      artdaqDb,
      uconDb: artdaqDb.filter((run) => run !== 300),
      importing: { failed: [50, 51], state: { lastContiguousRun: 49, lastAttemptedRun: 400 } },
      migrating: { state: { lastContiguousRun: 49, lastAttemptedRun: 400 } },
      amended: [60],
    });
    expect(page).toContain('2 runs failed · 2 runs to look at');
    const kinds = [...page.matchAll(/<section class="problem (\w+)" id="([\w-]+)"/g)].map(
      ([, ...found]) => found,
    );
    expect(kinds).toEqual([
      ['error', 'import-failed'],
      ['warning', 'migrate-skipped'],
      ['warning', 'outdated'],
      ['info', 'gaps'],
    ]);
    for (const range of ['50-51', '300', '60', '200-202'])
      expect(page).toContain(`<figcaption><b>${range}</b>`);
    expect(page).toContain('href="#gaps"');
    expect(page).toContain('The last 150');
  });

  it('draws and counts as if a likely slip were not there, and names it', () => {
    const runs = upTo(400);
    const page = pageOf({ files: [...runs, 9_999_999], artdaqDb: runs, uconDb: runs });
    const drawn = page.slice(page.indexOf('id="coverage"'), page.indexOf('id="closer"'));
    expect(drawn).toContain('The last 150');
    expect(drawn).toContain('>251</span>');
    expect(drawn.match(/class="last"[^>]*>400</g)).toHaveLength(2);
    expect(drawn).not.toContain('9999999');
    expect(page).not.toContain('id="gaps"');
    expect(page).toContain('1 run(s) far above all others (9999999, the others are 1-400)');
  });

  it('has the summary on top, with a command for each problem', () => {
    const facts = statusOf({ files: [1, 2, 3], artdaqDb: [1], uconDb: [1], importing: { failed: [2] } });
    const page = statusPage({ ...facts, command: '/bin/run-archiver "a&b".yaml', unequal: [] }, origin);
    const top = page.slice(0, page.indexOf('id="coverage"'));
    expect(top).toContain(
      '<div class="info"><dt>Waiting</dt><dd>1 to import; the oldest is run 3</dd></div>',
    );
    expect(top).toContain(
      '<div class="error"><dt>Failed</dt><dd>1 to import; the oldest is run 2</dd></div>',
    );
    expect(top).toContain('<code>/bin/run-archiver &quot;a&amp;b&quot;.yaml --retry-failed-import</code>');
    expect(top).toContain('<b>1</b><span>To import</span>');
  });

  it('says why runs failed', () => {
    const failed = upTo(60);
    const byRun = new Map(
      failed.slice(1).map((run) => [run, { time: '2026-03-01T12:00:00.000Z', message: `<b>why ${run}` }]),
    );
    const facts = { files: failed, artdaqDb: [], uconDb: [], importing: { failed } };
    const page = pageOf({ ...facts, importing: { failed, reasons: { byRun, problem: undefined } } });
    expect(page).toContain(
      '<ul class="reasons"><li><b>60</b> <time datetime="2026-03-01T12:00:00.000Z">2026-03-01 12:00:00 UTC</time> &lt;b&gt;why 60</li>',
    );
    expect(page).toContain('why 11</li><li class="quiet">9 more; --json tells of all</li>');
    expect(page).toContain('Not noted why: 1 run (1)');
    expect(pageOf(facts)).not.toContain('class="reasons"');
    const reasons = { byRun: new Map(), problem: 'reasons.json is <torn>' };
    expect(pageOf({ ...facts, importing: { failed, reasons } })).toContain('reasons.json is &lt;torn&gt;');
  });

  it('compares the places with the state if the request says so', () => {
    const facts = {
      files: [1, 2],
      artdaqDb: [1],
      uconDb: [1],
      importing: { state: { lastContiguousRun: 1, lastAttemptedRun: 1 } },
    };
    const line = '<dt>New Runs Available</dt><dd>1 run(s) since last state update (range: 2-2)</dd>';
    expect(pageOf(facts, { compareState: true })).toContain(line);
    expect(pageOf(facts)).not.toContain(line);
  });

  it('stays small with many runs and ranges, and counts those that it does not name', () => {
    const files = upTo(100_000).filter((run) => run % 17 !== 0);
    const artdaqDb = files.filter((run) => run % 11 !== 0);
    const page = pageOf({
      files,
      artdaqDb,
      uconDb: artdaqDb.filter((run) => run % 13 !== 0),
      importing: { failed: upTo(100_000).filter((run) => run % 22 === 0) },
    });
    expect(page.length).toBeLessThan(600_000);
    expect(page).toContain('and 4,235 more; --json lists them all');
  });
});
