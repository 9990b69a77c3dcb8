import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobAddress, type Route, routeOf, runAddress } from '../src/route';

const routes: [string, string, Route][] = [
  ['/', '', { page: 'home', tool: 'local' }],
  ['/', '?tool=bot', { page: 'home', tool: 'bot' }],
  ['/', '?tool=*', { page: 'home', tool: '*' }],
  ['/', '?tool=bot&q=timeout', { page: 'search' }],
  ['/', '?tool=bot&follow=1', { page: 'search' }],
  ['/', '?tool=bot&at=2026-01-31T12:00:00Z&line=x', { page: 'search' }],
  ['/search', '', { page: 'search' }],
  ['/jobs/bot/daily-report', '', { page: 'job', tool: 'bot', job: 'daily-report' }],
  ['/jobs/bot/a%2Fb%20c', '', { page: 'job', tool: 'bot', job: 'a/b c' }],
  ['/jobs/bot/a/b', '', { page: 'job', tool: 'bot', job: 'a/b' }],
  ['/jobs/bot/%ff', '', { page: 'nowhere' }],
  ['/jobs/bot', '', { page: 'nowhere' }],
  ['/jobs//x', '', { page: 'nowhere' }],
  ['/runs/7k2m9q4xw8fz', '', { page: 'run', id: '7k2m9q4xw8fz' }],
  ['/runs/', '', { page: 'nowhere' }],
  ['/runs/a/b', '', { page: 'nowhere' }],
  ['/runs/%3Cscript%3E', '', { page: 'nowhere' }],
];
for (const [path, query, route] of routes) {
  test(`${path}${query} is ${route.page}`, () => {
    assert.deepEqual(routeOf(path, query, 'local'), route);
  });
}

test('addresses lead back to what they were made of', () => {
  for (const job of ['daily-report', 'a/b', 'ü 100%', '..', 'x?y#z'])
    assert.deepEqual(routeOf(new URL(jobAddress('bot', job), 'http://x').pathname, '', ''), {
      page: job === '..' ? 'nowhere' : 'job',
      ...(job === '..' ? {} : { tool: 'bot', job }),
    });
  assert.equal(runAddress('7k2m9q4xw8fz'), '/runs/7k2m9q4xw8fz');
});
