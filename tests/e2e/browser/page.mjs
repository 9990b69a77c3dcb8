// Drives the page of a running server in a real browser.
//
//   node page.mjs URL SCREENSHOTS [--push URL] [--chromium PATH] [--modules DIR]
//
// Lines are pushed over the API into a tool made up for this run, so it may run against a server in
// use. playwright-core and axe-core come from NODE_PATH, --modules, or the build directory (target
// web_test_page). Prints one line per check; exits with 1 when any failed, 2 when it cannot run.
// Every wait is for a condition and is bounded.

import { join } from 'node:path';
import { equal, fitsTheWidth, smallTargets, start, until } from './browser.mjs';

const { axe, base, check, context, expect, finish, page, screenshots, values, watch } = await start(
  {
    usage: 'page.mjs URL SCREENSHOTS [--push URL] [--chromium PATH] [--modules DIR]',
    options: { push: { type: 'string' } },
  },
);
const pushUrl = values.push ?? `${base}/loki/api/v1/push`;
const run = Date.now().toString(36);
const tool = `page-${run}`;
let lastNs = 0n;

// A time stamp of now, later than the one before.
function nextNs() {
  const now = BigInt(Date.now()) * 1_000_000n;
  lastNs = now > lastNs ? now : lastNs + 1n;
  return lastNs;
}

async function push(texts, labels = { job: 'web' }, ns = undefined) {
  const values = texts.map((text) => [String(ns ?? nextNs()), text]);
  const answer = await fetch(pushUrl, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Scope-OrgID': tool },
    body: JSON.stringify({ streams: [{ stream: labels, values }] }),
  });
  if (!answer.ok) throw new Error(`push: ${answer.status} ${await answer.text()}`);
}

// textContent: what is out of sight has no innerText.
const texts = () => page.locator('.row .text').allTextContents();
const count = () => page.locator('.row').count();
const open = async (query) => {
  await page.goto(`${base}/search?tool=${tool}${query}`);
  // Not waitForFunction: it evaluates text in the page, which the page's policy rightly refuses.
  await page.locator('.lines[aria-busy="false"]').waitFor();
};
const search = async (text) => {
  await page.locator('#search').fill(text);
  await page.keyboard.press('Enter');
};
await check(
  'an empty tool teaches how to send a line, and shows the first one by itself',
  async () => {
    await open('');
    await page.getByText('Waiting for the first line').waitFor();
    equal(
      await page
        .locator('.command code')
        .first()
        .innerText()
        .then((text) => text.includes('logs send')),
      true,
      'command',
    );
    equal(await axe(), [], 'axe');
    await push(['INFO the very first line']);
    await page.getByText('the very first line').waitFor();
  },
);

await check('a search for words finds exactly the lines that have them', async () => {
  await push(
    ['ERROR connection reset by peer', 'connection is fine', 'DEBUG Connection RESET, debug only'],
    { job: 'bot' },
  );
  await push(['reset of the connection'], { job: 'web' });
  await open('');
  await search('connection reset -debug');
  await until(texts, (found) => found.length === 2, 'lines');
  equal(await texts(), ['ERROR connection reset by peer', 'reset of the connection'], 'lines');
  equal(await page.locator('.row mark').count(), 4, 'marks');
  await search('"connection reset"');
  await until(texts, (found) => found.length === 2 && found[1].startsWith('DEBUG'), 'a phrase');
  await search('{job="bot"} |= "fine"');
  await until(texts, (found) => found.length === 1, 'LogQL');
  equal(await texts(), ['connection is fine'], 'LogQL');
});

await check('the address holds the search, and going back undoes it', async () => {
  equal(new URL(page.url()).searchParams.get('q'), '{job="bot"} |= "fine"', 'q');
  await page.goBack();
  await until(texts, (found) => found.length === 2, 'lines after going back');
  equal(await page.locator('#search').inputValue(), '"connection reset"', 'the search box');
});

await check('job chips narrow the lines', async () => {
  await open('');
  await page.getByRole('button', { name: 'bot', exact: true }).click();
  await until(count, (n) => n === 3, 'lines of bot');
  equal(
    await page.getByRole('button', { name: 'bot', exact: true }).getAttribute('aria-pressed'),
    'true',
    'pressed',
  );
});

await check('the way to the jobs is where it is on every page', async () => {
  await open('');
  const pages = page.getByRole('navigation', { name: 'Pages' });
  equal(await pages.locator('[aria-current=page]').innerText(), 'Search', 'here');
  await pages.getByRole('link', { name: 'Jobs' }).click();
  await page.getByText('has run yet').waitFor();
  equal(new URL(page.url()).searchParams.get('tool'), tool, 'tool');
});

await check('nothing found says so and offers a longer time', async () => {
  await open('&q=nosuchwordanywhere');
  await page.getByText('No line matches').waitFor();
  await page.getByRole('button', { name: 'Last 24 hours' }).click();
  await until(
    () => new URL(page.url()).searchParams.get('range'),
    (range) => range === '24h',
    'range',
  );
});

await check('a wrong query is explained in words', async () => {
  expect(/status of 400/);
  await open('&q=%7Bjob%3D');
  await page.getByRole('alert').waitFor();
  equal(
    (await page.locator('.said').innerText()).includes('parse error'),
    true,
    'the server’s words',
  );
  await page.getByText('Correct the search').waitFor();
  equal(await axe(), [], 'axe');
  expect();
});

await check('live tail shows a new line, in order, each once', async () => {
  await open('&follow=1');
  await page.locator('.state.live').waitFor();
  for (let i = 0; i < 50; i++) await push([`live line ${i}`]);
  await page.getByText('live line 49', { exact: true }).waitFor();
  const seen = (await texts()).filter((text) => text.startsWith('live line'));
  equal(
    seen,
    Array.from({ length: 50 }, (_, i) => `live line ${i}`),
    'lines',
  );
  equal(
    await page.locator('.lines').evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight < 2),
    true,
    'at the end',
  );
});

await check('scrolling up pauses and counts new lines; the pill goes on', async () => {
  await page.locator('.lines').hover();
  await page.mouse.wheel(0, -600);
  await page.locator('.state.stopped').waitFor();
  const before = await count();
  await push(['while reading 1', 'while reading 2']);
  const pill = page.getByRole('button', { name: '2 new lines' });
  await pill.waitFor();
  equal(await count(), before, 'lines while paused');
  await pill.click();
  await page.getByText('while reading 2').waitFor();
  await page.locator('.state.live').waitFor();
});

await check('after a broken connection the tail goes on and nothing is missed', async () => {
  const cut = await context.newPage();
  watch(cut);
  expect(/WebSocket|ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
  let socket;
  await cut.routeWebSocket(/tail/, (route) => {
    const server = route.connectToServer();
    socket = { route, server };
  });
  await cut.goto(`${base}/search?tool=${tool}&follow=1`);
  await cut.locator('.state.live').waitFor();
  await push(['before the cut']);
  await cut.getByText('before the cut').waitFor();
  const first = socket;
  await first.server.close();
  await first.route.close({ code: 3001 });
  await push(['during the cut']);
  await cut.getByText('Reconnected, nothing missed.').waitFor();
  await push(['after the cut']);
  await cut.getByText('after the cut').waitFor();
  const seen = (await cut.locator('.row .text').allTextContents()).filter((text) =>
    text.endsWith('the cut'),
  );
  equal(seen, ['before the cut', 'during the cut', 'after the cut'], 'lines');
  expect();
  await cut.close();
});

await check('older lines load without a hole or a repeat, also where times are equal', async () => {
  const ns = BigInt(Date.now() - 60_000) * 1_000_000n;
  for (let i = 0; i < 13; i++)
    await push(
      Array.from({ length: 100 }, (_, k) => `same ${i * 100 + k}`),
      { job: 'same' },
      ns + BigInt(Math.floor(i / 7)),
    );
  await open('&job=same');
  equal(await count(), 500, 'lines of the first page');
  const older = page.getByRole('button', { name: 'Load older lines' });
  while ((await older.count()) > 0) {
    const before = await count();
    await older.focus();
    await page.keyboard.press('Enter');
    await until(count, (n) => n > before, 'more lines').catch(async (error) => {
      if ((await older.count()) > 0) throw error;
    });
    if ((await count()) >= 1300) break;
  }
  equal(new Set(await texts()).size, 1300, 'different lines');
  equal(await count(), 1300, 'lines');
});

await check(
  'more lines than the page keeps stay within its limit and smooth to scroll',
  async () => {
    for (let i = 0; i < 12; i++)
      await push(
        Array.from({ length: 500 }, (_, k) => `many ${i * 500 + k}`),
        { job: 'many' },
      );
    await open('&job=many&follow=1');
    await page.locator('.state.live').waitFor();
    for (let i = 0; i < 12; i++)
      await push(
        Array.from({ length: 500 }, (_, k) => `flood ${i * 500 + k}`),
        { job: 'many' },
      );
    await page.getByText('flood 5999', { exact: true }).waitFor();
    const kept = await count();
    if (kept > 5000 || kept < 4500) throw new Error(`${kept} lines are kept`);
  },
);

await check('a line opens by keyboard, and its link shows it among its neighbours', async () => {
  await push(
    Array.from({ length: 30 }, (_, i) => `context ${i}`),
    { job: 'context' },
  );
  await open('&q=%22context+15%22');
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const link = page.getByRole('link', { name: 'Show what is around it' });
  await link.waitFor();
  equal(await axe(), [], 'axe with an open line');
  await link.click();
  await page.locator('.row.named').waitFor();
  equal(await page.locator('.row.named .text').innerText(), 'context 15', 'the named line');
  const around = (await texts()).filter((text) => text.startsWith('context'));
  equal(around.length, 30, 'neighbours');
});

await check('the keyboard does it all', async () => {
  await open('');
  await page.keyboard.press('/');
  equal(await page.evaluate(() => document.activeElement.id), 'search', 'after /');
  await page.keyboard.type('fpw?');
  equal(await page.locator('#search').inputValue(), 'fpw?', 'keys while typing');
  await page.keyboard.press('Escape');
  equal(await page.evaluate(() => document.activeElement.id), 'lines', 'after Escape');
  await page.keyboard.press('w');
  equal(await page.locator('.lines.wrap').count(), 0, 'wrap after w');
  await page.reload();
  equal(await page.locator('.lines.wrap').count(), 0, 'wrap is remembered');
  await page.keyboard.press('w');
  await page.keyboard.press('f');
  await page.locator('.state.live').waitFor();
  await page.keyboard.press('p');
  await page.locator('.state.stopped').waitFor();
  await page.keyboard.press('f');
  await until(
    () => page.locator('.state').count(),
    (n) => n === 0,
    'following',
  );
  const clock = () => page.locator('.row time').last().innerText();
  const local = await clock();
  await page.keyboard.press('u');
  const utc = await until(clock, (text) => text !== local, 'UTC');
  const hours = (Number(local.slice(-12, -10)) - Number(utc.slice(-12, -10)) + 24) % 24;
  if (hours !== 1 && hours !== 2) throw new Error(`local ${local}, UTC ${utc}`);
  await page.keyboard.press('u');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  equal(await axe(), [], 'axe of the help');
  await page.keyboard.press('Escape');
  await until(
    () => page.getByRole('dialog').count(),
    (n) => n === 0,
    'dialog',
  );
});

await check('hostile lines are shown, not obeyed', async () => {
  await push(
    [
      '<img src=x onerror=alert(1)><script>alert(2)</script>',
      '\u001b[31mred\u001b[0m \u001b[2K bell\u0007 \u202egnp.exe',
      'x'.repeat(100_000),
    ],
    { job: 'hostile' },
  );
  await open('&job=hostile');
  const [html, escapes, long] = await texts();
  equal(html, '<img src=x onerror=alert(1)><script>alert(2)</script>', 'markup');
  equal(escapes, 'red ^[[2K bell^G <U+202E>gnp.exe', 'escapes');
  equal(await page.locator('.row .fg1').innerText(), 'red', 'colour');
  if (!/x … 99,000 more characters$/.test(long))
    throw new Error(`long line ends ${long.slice(-40)}`);
});

// What people see, and what axe says of it, in both sizes and both colour schemes.
await push(
  [
    'INFO started report for 2026-11',
    'DEBUG cache hit for Q42',
    '\u001b[32mPASS\u001b[0m test/edit.js \u001b[2m(1.2 s)\u001b[0m',
    'WARN retrying after timeout (attempt 2 of 5)',
    'Traceback (most recent call last):',
    '  File "report.py", line 42, in main',
    'requests.exceptions.ReadTimeout: Read timed out. (read timeout=30)',
  ],
  { job: 'daily-report' },
);
for (const [width, height] of [
  [1280, 800],
  [390, 844],
  [320, 640],
]) {
  for (const scheme of ['light', 'dark']) {
    await check(`no accessibility fault, nothing cut off at ${width} px, ${scheme}`, async () => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme });
      await open('');
      await page.screenshot({ path: join(screenshots, `page-${width}-${scheme}.png`) });
      equal(await axe(), [], 'axe');
      equal(await fitsTheWidth(page), true, 'fits the width');
      const small = await smallTargets(page, 'button, a, input, select');
      equal(small, [], 'targets under 24 px');
    });
  }
}

await finish();
