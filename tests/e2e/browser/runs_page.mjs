// Drives the pages about jobs and runs of a running server in a real browser.
//
//   node runs_page.mjs URL SCREENSHOTS --tool TOOL --job JOB [--chromium PATH] [--modules DIR]
//
// The tool has the job, which ran well at least once and then failed, with a traceback of Python among
// its lines, and is in trouble. Prints one line per check; exits with 1 when any failed, 2 when it
// cannot run. Every wait is for a condition and is bounded.

import { join } from 'node:path';
import { equal, fitsTheWidth, smallTargets, start, until } from './browser.mjs';

const { axe, base, check, context, expect, finish, page, screenshots, values, watch } = await start(
  {
    usage: 'runs_page.mjs URL SCREENSHOTS --tool TOOL --job JOB [--chromium PATH] [--modules DIR]',
    options: { tool: { type: 'string' }, job: { type: 'string' } },
  },
);
const { tool, job } = values;

const ask = async (path) => {
  const answer = await fetch(`${base}${path}`, { headers: { 'X-Scope-OrgID': tool } });
  return answer.ok ? answer.json() : {};
};
const { runs } = await ask(`/api/v1/runs?job=${encodeURIComponent(job)}&limit=50`);
const bad = runs.find(({ outcome }) => outcome === 'failed');
const good = runs.find(({ outcome }) => outcome === 'succeeded');
if (!bad || !good) {
  console.error(`job ${job} of tool ${tool} has no failed or no good run`);
  process.exit(2);
}
const verdict = await ask(`/api/v1/runs/${bad.id}/why`);

const home = () => page.goto(`${base}/?tool=${tool}`);
const runPage = async (id = bad.id) => {
  await page.goto(`${base}/runs/${id}`);
  await page.locator('h1').waitFor();
};
const fold = (text) => text.replace(/\s+/g, ' ').trim();

await check('the start page shows the job in trouble, in words, first', async () => {
  await home();
  const card = page.locator('.jobs > li').first();
  await card.waitFor();
  equal(fold(await card.locator('h2').innerText()), job, 'first job');
  equal(fold(await card.locator('.outcome').first().innerText()).includes('failed'), true, 'state');
  equal(fold(await card.innerText()).includes(fold(verdict.headline)), true, 'headline');
  equal(
    await card
      .locator('svg[role=img]')
      .getAttribute('aria-label')
      .then((name) => /in trouble$/.test(name)),
    true,
    'name of the bars',
  );
  await page.screenshot({ path: join(screenshots, 'home.png'), fullPage: true });
});

await check('from there to the job, with its runs, and on to the run', async () => {
  await page.getByRole('link', { name: job, exact: true }).click();
  await page.locator('table').first().waitFor();
  equal(new URL(page.url()).pathname, `/jobs/${tool}/${encodeURIComponent(job)}`, 'address');
  const rows = page.locator('table').first().locator('tbody tr');
  await until(
    () => rows.count(),
    (count) => count === Math.min(runs.length, 50),
    'rows',
  );
  equal(fold(await rows.first().innerText()).includes(runs[0].id), true, 'newest first');
  await page.getByText('What a run takes').waitFor();
  await page.screenshot({ path: join(screenshots, 'job.png'), fullPage: true });
  await page.getByRole('link', { name: bad.id, exact: true }).first().click();
  await page.locator('.cause').waitFor();
  equal(new URL(page.url()).pathname, `/runs/${bad.id}`, 'address');
});

await check('a run says why it failed, with proof and the best line marked', async () => {
  await runPage();
  await page.locator('.cause').waitFor();
  equal(fold(await page.locator('h1').innerText()), `${job} ✗ failed`, 'heading');
  const text = fold(await page.locator('main').innerText());
  for (const part of [verdict.headline, ...verdict.evidence.map(({ text: said }) => said)])
    equal(text.includes(fold(part)), true, part);
  equal(
    fold(await page.locator('.class').innerText()).startsWith(
      verdict.class === 'unknown' ? 'Unknown' : verdict.class,
    ),
    true,
    'cause',
  );
  equal(await page.locator('.entry.best').count(), 1, 'best lines');
  equal(
    fold(await page.locator('.entry.best .text').innerText()),
    fold(verdict.lines[0].text),
    'best line',
  );
  await page.screenshot({ path: join(screenshots, 'run.png'), fullPage: true });
});

await check('frames of libraries are folded until one asks for them', async () => {
  const frames = page.locator('.frames').first();
  if ((await page.locator('.frames').count()) === 0) throw new Error('no folded frames');
  equal(await frames.locator('.entry').first().isVisible(), false, 'shown at first');
  await frames.locator('summary').focus();
  await page.keyboard.press('Enter');
  await frames.locator('.entry').first().waitFor();
});

await check('the last good run is beside it on request', async () => {
  await page.getByText('Compare with the last good run').click();
  await page.getByRole('heading', { name: 'Only in this run' }).waitFor();
  equal((await page.locator('.entry.added').count()) > 0, true, 'new lines');
  equal(
    await page.locator('.compare').getByRole('link').first().innerText(),
    `run ${good.id}`,
    'compared with',
  );
});

await check('the verdict can be copied as text', async () => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy as text' }).click();
  await page.getByText('Copied.').waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  equal(text.startsWith(`${tool}/${job} failed`), true, text.slice(0, 200));
  equal(text.includes(`${base}/runs/${bad.id}`), true, 'link');
  equal(text.includes(`> `), true, 'cited lines');
});

await check('all its lines, and no others, are a click away', async () => {
  await page.getByRole('link', { name: 'All lines of this run' }).click();
  await page.locator('.lines[aria-busy="false"]').waitFor();
  equal(new URL(page.url()).pathname, '/search', 'address');
  const wanted = (await ask(`/api/v1/runs/${bad.id}/lines`)).total;
  await until(
    () => page.locator('.row').count(),
    (count) => count === wanted,
    'lines',
  );
});

await check('a good run shows its last lines and no cause', async () => {
  await runPage(good.id);
  await page.getByText('Its last lines').waitFor();
  equal(fold(await page.locator('h1').innerText()), `${job} ✓ succeeded`, 'heading');
  equal(await page.locator('.cause').count(), 0, 'causes');
});

await check('links to searches of old go on working', async () => {
  await page.goto(`${base}/?tool=${tool}&q=nowhere-to-be-found`);
  await page.locator('#search').waitFor();
  equal(new URL(page.url()).pathname, '/search', 'address');
  equal(await page.locator('#search').inputValue(), 'nowhere-to-be-found', 'search');
});

await check('what does not exist is said, with a way on', async () => {
  expect(/status of 404/);
  await page.goto(`${base}/runs/000000000000`);
  await page.getByRole('heading', { name: 'There is no run “000000000000”' }).waitFor();
  await page.getByText('not kept any more, or its id is wrong').waitFor();
  equal(await page.getByLabel('Tool').inputValue(), tool, 'tool');
  await page.getByRole('link', { name: `The jobs of ${tool}` }).waitFor();
  await page.goto(`${base}/jobs/${tool}/no-such-job`);
  await page.getByRole('heading', { name: 'has no job' }).waitFor();
  await page.goto(`${base}/jobs/x`);
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  expect();
});

await check('without JavaScript the run leads to its lines and verdict', async () => {
  const answer = await (await fetch(`${base}/runs/${bad.id}`)).text();
  const links = [...answer.matchAll(/href="(\/api\/[^"]+)"/g)].map(([, link]) => link);
  equal(links, [`/api/v1/runs/${bad.id}/lines?format=text`, `/api/v1/runs/${bad.id}/why`], 'links');
  for (const link of links) equal((await fetch(`${base}${link}`)).status, 200, link);
});

await check(
  'a tool without runs learns how to make one; all tools are one choice away',
  async () => {
    await page.goto(`${base}/?tool=nobody-${Date.now()}`);
    await page.getByText('has run yet').waitFor();
    equal(
      (await page.locator('.command code').first().innerText()).includes('logs run'),
      true,
      'how',
    );
    equal(await axe(), [], 'axe');
    await page.getByLabel('Tool').selectOption('All tools');
    await page.getByRole('link', { name: `${tool}/${job}`, exact: true }).waitFor();
  },
);

await check('a run that runs becomes one that failed before the reader’s eyes', async () => {
  const name = `live-${Date.now().toString(36)}`;
  const ping = async (signal, body = '') => {
    const answer = await fetch(`${base}/ping/${tool}/${name}/${signal}`, { method: 'POST', body });
    equal(answer.status, 200, signal);
  };
  await ping('start');
  const started = await until(
    async () => (await ask(`/api/v1/runs?job=${name}`)).runs ?? [],
    (found) => found.length === 1,
    'the run',
  );
  await runPage(started[0].id);
  await page.locator('h1 .outcome.running').waitFor();
  equal(await axe(), [], 'axe');
  await ping('fail', 'cp: error writing /srv/x: No space left on device\n');
  await page.locator('h1 .outcome.failed').waitFor();
  await page.locator('.entry.best').getByText('No space left on device').waitFor();
  // The job in trouble that the tests after this one look at is the first again.
  await ping('0');
});

await check('on a phone a job’s runs are read without scrolling sideways', async () => {
  const phone = await context.newPage();
  watch(phone);
  await phone.setViewportSize({ width: 390, height: 844 });
  await phone.goto(`${base}/jobs/${tool}/${encodeURIComponent(job)}`);
  const table = phone.getByRole('region', { name: 'Runs', exact: true });
  await table.waitFor();
  equal(await table.evaluate((box) => box.scrollWidth <= box.clientWidth), true, 'fits');
  const row = table.locator('tbody tr').filter({ hasText: bad.id });
  for (const cell of ['.outcome', 'time', '.wide'])
    equal(await row.locator(cell).isVisible(), true, cell);
  await phone.close();
});

for (const [width, height] of [
  [1280, 800],
  [390, 844],
  [320, 640],
]) {
  for (const scheme of ['light', 'dark']) {
    await check(`no accessibility fault, nothing cut off at ${width} px, ${scheme}`, async () => {
      const other = await context.newPage();
      watch(other);
      await other.setViewportSize({ width, height });
      await other.emulateMedia({ colorScheme: scheme });
      for (const [name, path, ready] of [
        ['home', `/?tool=${tool}`, '.jobs'],
        ['job', `/jobs/${tool}/${encodeURIComponent(job)}`, 'table'],
        ['run', `/runs/${bad.id}`, '.cause'],
      ]) {
        await other.goto(`${base}${path}`);
        await other.locator(ready).first().waitFor();
        await other.screenshot({
          path: join(screenshots, `${name}-${width}-${scheme}.png`),
          fullPage: true,
        });
        equal(await axe(other), [], `axe on ${name}`);
        equal(await fitsTheWidth(other), true, `${name} fits the width`);
        const targets = 'button, a.button, input, select, summary, nav a, .brand';
        equal(await smallTargets(other, targets), [], `targets under 24 px on ${name}`);
      }
      await other.close();
    });
  }
}

await finish();
