import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curvesOf } from '../src/chart';

test('samples become memory as it was and CPU as cores in use', () => {
  const [memory, cpu] = curvesOf(
    [
      { t: '2026-11-25T13:05:01Z', cpu_ms: 500, memory_bytes: 100 },
      { t: '2026-11-25T13:05:03Z', cpu_ms: 4500, memory_bytes: 300 },
      { t: '2026-11-25T13:05:05Z', cpu_ms: 4500, memory_bytes: 200 },
    ],
    '2026-11-25T13:05:00Z',
    1000,
  );
  assert.deepEqual(memory!.points, [
    [1, 100],
    [3, 300],
    [5, 200],
  ]);
  assert.equal(memory!.limit, 1000);
  assert.deepEqual(cpu!.points, [
    [1, 0.5],
    [3, 2],
    [5, 0],
  ]);
});

test('one sample, none, or samples with bad times make no curve', () => {
  assert.deepEqual(curvesOf([], undefined), []);
  assert.deepEqual(curvesOf([{ t: '2026-11-25T13:05:01Z', memory_bytes: 1 }], undefined), []);
  assert.deepEqual(
    curvesOf(
      [
        { t: 'x', cpu_ms: 1 },
        { t: 'y', cpu_ms: 2 },
      ],
      'z',
    ),
    [],
  );
  // Two samples of one instant give no rate.
  const same = { t: '2026-11-25T13:05:01Z', cpu_ms: 5 };
  assert.deepEqual(curvesOf([same, same], '2026-11-25T13:05:00Z'), []);
});
