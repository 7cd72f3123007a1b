import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Is there a browser to test pages with? With ARCHIVER_TEST_REQUIRE_BROWSER=1 its absence is an error. */
export function hasBrowser(): boolean {
  if (programs.some((path) => existsSync(path))) return true;
  const message = `Pages are not tested in a browser: no ${programs.join(', ')} (install chromium)`;
  if (process.env.ARCHIVER_TEST_REQUIRE_BROWSER === '1') throw new Error(message);
  process.stderr.write(`${message}\n`);
  return false;
}

/** Starts a headless browser of its own, with a new profile, that calls nobody by itself. */
export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: programs.find((path) => existsSync(path)) ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
