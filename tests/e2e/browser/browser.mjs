// What the scripts beside it share: a real browser, checks with names, and the rules every page is
// held to: nothing asked of another host, no violation of its policy, no console error, no
// accessibility fault, nothing cut off, no target too small.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const waitMs = 10_000;

function giveUp(text) {
  console.error(text);
  process.exit(2);
}

// Reads the command line (the first two arguments are the server's URL and a folder for screenshots)
// and starts the browser.
export async function start({ usage, options = {} }) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      chromium: { type: 'string', default: '/usr/bin/chromium' },
      modules: { type: 'string', default: join(root, 'build/ui/web/page_test') },
      ...options,
    },
  });
  const [url, screenshots] = positionals;
  if (!url || !screenshots) giveUp(`usage: node ${usage}`);
  if (!existsSync(values.chromium))
    giveUp(`${values.chromium} is missing: install chromium, or name it with --chromium`);
  const load = createRequire(join(resolve(values.modules), 'package.json'));
  let chromium;
  let axeSource;
  try {
    axeSource = readFileSync(load.resolve('axe-core/axe.min.js'), 'utf8');
    chromium = load('playwright-core').chromium;
  } catch (error) {
    giveUp(`${error.message.split('\n')[0]}: build the target web_test_page first`);
  }
  mkdirSync(screenshots, { recursive: true });
  const profile = mkdtempSync(join(tmpdir(), 'logboom-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: values.chromium,
    viewport: { width: 1280, height: 800 },
    timezoneId: 'Europe/Berlin',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-quic',
      '--no-first-run',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(waitMs);
  const base = new URL(url).origin;
  const rules = watching(base);
  const page = await context.newPage();
  rules.watch(page);
  const { check, counts } = checks();
  return {
    ...rules,
    base,
    check,
    context,
    page,
    screenshots,
    values,
    axe: (which = page) => faults(which, axeSource),
    // The last checks; ends the program.
    finish: async () => {
      await check('the pages asked nobody else for anything', () =>
        equal(rules.strangers, [], 'requests'),
      );
      await check('the pages complained about nothing', () =>
        equal(rules.complaints, [], 'console'),
      );
      await context.close();
      rmSync(profile, { recursive: true, force: true });
      console.log(`${counts.passed} passed, ${counts.failed} failed`);
      process.exit(counts.failed === 0 ? 0 : 1);
    },
  };
}

// Whatever a page complains about or asks of anybody else fails the run, unless it is expected.
function watching(base) {
  const complaints = [];
  const strangers = [];
  let expected = [];
  const watch = (page) => {
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (!expected.some((pattern) => pattern.test(message.text())))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== base && protocol !== 'data:') strangers.push(request.url());
    });
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== new URL(base).host) strangers.push(socket.url());
    });
  };
  const expect = (...patterns) => (expected = patterns);
  return { complaints, strangers, watch, expect };
}

function checks() {
  const counts = { passed: 0, failed: 0 };
  const check = async (name, body) => {
    try {
      await body();
      counts.passed++;
      console.log(`ok    ${name}`);
    } catch (error) {
      counts.failed++;
      const text = String(error.stack ?? error)
        .split('\n')
        .slice(0, 6)
        .join('\n      ');
      console.log(`FAIL  ${name}\n      ${text}`);
    }
  };
  return { check, counts };
}

export function equal(got, wanted, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: got ${a}, wanted ${b}`);
}

// Waits until `read` gives a value for which `holds` is true, and returns it.
export async function until(read, holds, what) {
  const end = Date.now() + waitMs;
  let value;
  for (;;) {
    value = await read();
    if (holds(value)) return value;
    if (Date.now() > end)
      throw new Error(`${what}: still ${JSON.stringify(value)} after ${waitMs} ms`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

async function faults(page, axeSource) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html.slice(0, 160)}`,
  );
}

export const fitsTheWidth = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

// Links inside a sentence may be as low as its line (WCAG 2.5.8).
export const smallTargets = (page, selector) =>
  page.evaluate(
    (targets) =>
      [...document.querySelectorAll(targets)]
        .filter((e) => e.getClientRects().length > 0 && e.type !== 'checkbox')
        .filter(
          (e) => e.getBoundingClientRect().height < 24 || e.getBoundingClientRect().width < 24,
        )
        .map((e) => e.outerHTML.slice(0, 100)),
    selector,
  );
