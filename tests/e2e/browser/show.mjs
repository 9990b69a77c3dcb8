// Shows one page of a running server in a real browser: waits for a text, prints all the text there
// is, and takes a screenshot.
//
//   node show.mjs URL TEXT SCREENSHOT.png [--chromium PATH] [--modules DIR]
//
// Exits with 1 when the text does not come within 15 s, or the page reports an error.

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    modules: { type: 'string', default: join(root, 'build/ui/web/page_test') },
  },
});
const [url, text, picture] = positionals;
const load = createRequire(join(resolve(options.modules), 'package.json'));
const { chromium } = load('playwright-core');

const profile = mkdtempSync(join(tmpdir(), 'logboom-show-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: options.chromium,
  headless: true,
  viewport: { width: 1280, height: 1000 },
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
let failed = false;
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => {
    console.error(`page error: ${error.message}`);
    failed = true;
  });
  await page.goto(url);
  await page.getByText(text).first().waitFor({ timeout: 15_000 });
  await page.screenshot({ path: picture, fullPage: true });
  console.log(await page.locator('body').innerText());
} catch (error) {
  console.error(error.message);
  failed = true;
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
