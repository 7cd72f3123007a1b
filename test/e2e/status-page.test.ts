import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusPage } from '../../src/report/html/status-page.ts';
import { hasBrowser, startBrowser } from '../helpers/browser.ts';
import { statusOf } from '../helpers/status.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite();
const file = () => join(site.directory, 'status.html');

/** Archives runs 1 to 4 and 6, of which 3 is broken; then 7 arrives. */
async function archiveSome(): Promise<void> {
  site.addRuns(1, 2, 4, 6);
  site.addFaultyRun(3);
  expect((await run()).code).toBe(1);
  site.addRuns(7);
}

describe('--html', () => {
  it('writes the page beside the other forms of the report', async () => {
    await archiveSome();
    const { code, stdout, stderr } = await run('--compare-state', '--json', '--html', file());
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1 });
    expect(stderr).toContain(`Page written: ${file()}`);
    expect(readFileSync(file(), 'utf8')).toContain('<dt>New Runs Available</dt>');
    writeFileSync(file(), 'before');
    expect((await run('--report-status', '--runs', '1-2', '--html', file())).code).toBe(0);
    const page = readFileSync(file(), 'utf8');
    expect(page).toContain('only runs 1-2</strong>');
    expect(page).toContain('All places are in step');
  });

  it('is still written when a place is silent, and shows no secrets', async () => {
    await archiveSome();
    await ucondb.remove();
    expect((await run('--report-status', '--html', file())).code).toBe(1);
    const page = readFileSync(file(), 'utf8');
    expect(page).toContain('<b>UconDB could not be asked:</b>');
    expect(page).not.toContain('only-in-tests');
  });

  it('is not written in a dry run', async () => {
    const { code, stdout } = await run('--report-status', '--dry-run', '--html', file());
    expect([code, stdout]).toEqual([0, expect.stringContaining(`Dry run: would write ${file()}`)]);
    expect(existsSync(file())).toBe(false);
  });

  it('that cannot be written is an error, after the report', async () => {
    const path = join(site.directory, 'none', 'status.html');
    const { code, stdout } = await run('--report-status', '--html', path);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /END OF STATUS REPORT[\s\S]*ERROR SUMMARY[\s\S]*Error Message: Cannot write .*status\.html/,
    );
    mkdirSync(file());
    expect((await run('--report-status', '--html', file())).stdout).toContain('it is not a regular file');
    expect(readdirSync(site.directory).filter((name) => name.includes('archiver-tmp'))).toEqual([]);
    rmSync(file(), { recursive: true });
  });
});

const origin = {
  host: 'evb',
  version: '1.0.0',
  configPath: 'config.yaml',
  selection: undefined,
  compareState: false,
};

/** How many signs are above the first picture, and how many pairs of them overlap. */
const OVERLAPS = `
  const boxes = [...document.querySelector('.coverage').querySelectorAll('.mark')].map((mark) => mark.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  [boxes.length, boxes.flatMap((a, index) => boxes.slice(index + 1).filter((b) => meet(a, b))).length]
`;

/** What has the focus, and whether that can be seen. */
const FOCUSED = `
  const { localName } = document.activeElement;
  const { outlineStyle, outlineOffset, stroke } = getComputedStyle(document.activeElement);
  const isCut = parseFloat(outlineOffset) > 0 && document.activeElement.closest('.figures') !== null;
  localName + ((outlineStyle !== 'none' && !isCut) || stroke !== 'none' ? ' seen' : ' not seen')
`;

describe.runIf(hasBrowser())('the page in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser.close();
  });

  /** Opens the page; whatever it loads or complains of is collected. */
  async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    const own = pathToFileURL(file()).href;
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== own && request.url() !== 'data:,') complaints.push(request.url());
    });
    await page.goto(own);
    return { page, complaints };
  }

  /** The states of one run at all places, as the tooltip lists them. */
  const failedRun = ['Run 3', 'Filesystem: present', 'ArtdaqDB: import failed', 'UconDB: waiting for import'];

  it('shows what lies under the pointer, and what has the focus', async () => {
    await archiveSome();
    await run('--report-status', '--html', file());
    const { page, complaints } = await open();
    const tip = page.locator('#tip');
    const told = async () => ((await tip.isVisible()) ? ((await tip.textContent()) ?? '') : 'nothing');
    expect(await tip.isVisible()).toBe(false);
    await page.locator('.coverage .hits rect[aria-label^="Run 3\\a "]').hover();
    await expect.poll(told).toBe([...failedRun, 'In the import failure log: 3'].join('\n'));
    await page.mouse.move(1, 1);
    await expect.poll(told).toBe('nothing');
    const mark = page.locator('.mark.error');
    await mark.hover();
    await expect.poll(told).toBe('Import failed: 1 run');
    await mark.focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await expect.poll(told).toMatch(/^Runs 1-2 \(2\)\nFilesystem: present\n/);
    // Which the browser scrolls into view.
    await page.evaluate(
      'new Promise((done) => { document.addEventListener("scroll", done, { once: true }); scrollBy(0, 20); })',
    );
    await expect.poll(told).toMatch(/^Runs 1-2 \(2\)\nFilesystem: present\n/);
    await page.keyboard.press('ArrowRight');
    await expect.poll(told).toContain(failedRun.join('\n'));
    await page.keyboard.press('End');
    await expect.poll(told).toMatch(/^Run 7\n/);
    await page.keyboard.press('Escape');
    await expect.poll(told).toBe('nothing');
    await mark.click();
    expect(new URL(page.url()).hash).toBe('#import-failed');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("follows the reader's colours and width, and is light on paper", async () => {
    await archiveSome();
    await run('--report-status', '--html', file());
    const brightness = async (page: Page): Promise<number> =>
      Number(await page.evaluate('getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]'));
    for (const width of [1400, 400]) {
      const { page, complaints } = await open({ colorScheme: 'light', viewport: { width, height: 800 } });
      expect(await brightness(page)).toBeGreaterThan(200);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await brightness(page)).toBeLessThan(60);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.emulateMedia({ media: 'print' });
      expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe('light');
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  it('shows where the keyboard is, on everything that it reaches', async () => {
    await archiveSome();
    await run('--report-status', '--html', file());
    const { page } = await open();
    const reached: string[] = [];
    for (let presses = 0; presses < 8; presses++) {
      await page.keyboard.press('Tab');
      reached.push(String(await page.evaluate(FOCUSED)));
    }
    expect(reached).toEqual(expect.arrayContaining(['a seen', 'rect seen']));
    expect(reached.filter((what) => !what.endsWith(' seen') || what.endsWith('not seen'))).toEqual([]);
    await page.close();
  });

  it('draws no sign over another, whatever its width', async () => {
    const files = Array.from({ length: 2000 }, (_, index) => index + 1);
    const failed = files.filter((number) => number % 3 === 0);
    const status = statusOf({ files, artdaqDb: [], uconDb: [], importing: { failed } });
    writeFileSync(file(), statusPage(status, { ...origin, time: new Date() }));
    for (const width of [400, 800, 1400]) {
      const { page } = await open({ viewport: { width, height: 800 } });
      expect(await page.evaluate(OVERLAPS)).toEqual([24, 0]);
      await page.close();
    }
  });

  it('still names everything without scripts', async () => {
    await archiveSome();
    await run('--report-status', '--html', file());
    const { page, complaints } = await open({ javaScriptEnabled: false });
    const titles = await page.locator('.coverage .hits title').allTextContents();
    expect(titles.map((title) => title.split('\n')[0])).toEqual([
      'Runs 1-2 (2)',
      'Run 3',
      'Run 4',
      'Run 5',
      'Run 6',
      'Run 7',
    ]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
