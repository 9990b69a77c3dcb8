import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dayOf,
  formatClock,
  formatFull,
  fromInput,
  rangeInWords,
  startOf,
  toInput,
} from '../src/time';

process.env.TZ = 'America/New_York'; // five hours behind UTC in January
const ns = 1769835730123456789n; // 2026-01-31T05:02:10.123456789Z

test('a clock reads local or UTC, with or without the day', () => {
  assert.equal(formatClock(ns, 'utc', false), '05:02:10.123');
  assert.equal(formatClock(ns, 'utc', true), '01-31 05:02:10.123');
  assert.equal(formatClock(ns, 'local', true), '01-31 00:02:10.123');
});

test('the full time names its zone', () => {
  assert.equal(formatFull(ns, 'utc'), '2026-01-31 05:02:10.123456789 UTC');
  assert.equal(formatFull(ns, 'local'), '2026-01-31 00:02:10.123456789 -05:00');
});

test('the day depends on the zone', () => {
  const early = ns - 3_600_000_000_000n;
  assert.equal(dayOf(early, 'utc'), '2026-01-31');
  assert.equal(dayOf(early, 'local'), '2026-01-30');
});

test('times before 1970 are no reason to fail', () => {
  assert.equal(formatClock(-1_000_000n, 'utc', false), '23:59:59.999');
});

test('an input holds a time in the zone that is shown', () => {
  for (const zone of ['utc', 'local'] as const)
    assert.equal(fromInput(toInput(ns, zone), zone), ns - (ns % 1_000_000_000n));
  assert.equal(fromInput('', 'utc'), undefined);
});

test('a range starts where it says', () => {
  assert.equal(startOf({ kind: 'last', name: '15m' }, 1_000_000), 100_000_000_000n);
  assert.equal(startOf({ kind: 'between', from: 7n, to: 9n }, 0), 7n);
});

test('a range in words', () => {
  assert.equal(rangeInWords({ kind: 'last', name: '24h' }, 'utc'), 'in the last 24 hours');
  assert.equal(
    rangeInWords({ kind: 'between', from: ns, to: ns + 60_000_000_000n }, 'utc'),
    'from 2026-01-31 05:02:10 to 2026-01-31 05:03:10',
  );
});
