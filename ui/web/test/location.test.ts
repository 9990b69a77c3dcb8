import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineLocation, readLocation, writeLocation } from '../src/location';
import { fromAddress, toAddress } from '../src/time';

const addresses = [
  '?tool=bot',
  '?tool=bot&q=timeout+-debug&range=24h',
  '?tool=bot&job=web&job=a%26b&follow=1',
  '?tool=bot&from=2026-01-31T12%3A00%3A00Z&to=2026-01-31T13%3A00%3A00.5Z',
  '?tool=bot&at=2026-01-31T12%3A00%3A00.123456789Z&line=0.1f.2',
];
for (const address of addresses) {
  test(`${address} is read and written back`, () => {
    assert.equal(writeLocation(readLocation(address, 'local')), address);
  });
}

const bad: [string, string][] = [
  ['', '?tool=local'],
  ['?tool=', '?tool=local'],
  ['?range=never', '?tool=local'],
  ['?from=2026-01-31T13:00:00Z&to=2026-01-31T12:00:00Z', '?tool=local'],
  ['?from=yesterday&to=now', '?tool=local'],
  ['?at=soon&line=1', '?tool=local'],
  ['?at=2026-01-31T12:00:00Z&line=1&follow=1', '?tool=local&at=2026-01-31T12%3A00%3A00Z&line=1'],
];
for (const [address, read] of bad) {
  test(`'${address}' falls back to what can be shown`, () => {
    assert.equal(writeLocation(readLocation(address, 'local')), read);
  });
}

test('a link to a line names its instant to the nanosecond', () => {
  const view = readLocation(lineLocation('bot', 1769860800123456789n, 'x/y'), 'local');
  assert.deepEqual(view.at, { ns: 1769860800123456789n, id: 'x/y' });
});

test('times in addresses keep every digit', () => {
  for (const ns of [0n, 1769860800000000000n, 1769860800000000001n, 1769860800120000000n])
    assert.equal(fromAddress(toAddress(ns)), ns);
  assert.equal(fromAddress('2026-13-31T12:00:00Z'), undefined);
});
