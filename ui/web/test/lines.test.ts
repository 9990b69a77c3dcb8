import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bounds, Page } from '../src/api';
import { countBars } from '../src/histogram';
import { chunkLines, type Line, LineWindow, maxLines, readStreams } from '../src/lines';
import { newer, older } from '../src/pages';

const line = (id: number, ns = id): Line => ({
  id: String(id),
  ns: BigInt(ns),
  text: `line ${id}`,
  level: 'unknown',
  labels: {},
  metadata: {},
});
const run = (from: number, to: number): Line[] =>
  Array.from({ length: to - from }, (_, i) => line(from + i));
const ids = (window: LineWindow): string[] =>
  window.chunks.flatMap(({ lines }) => lines.map(({ id }) => id));

test('streams of an answer become one list in order of time', () => {
  const lines = readStreams(
    [
      {
        stream: { job: 'a' },
        values: [
          ['30', 'third', { id: '3' }],
          ['10', 'first', { id: '1' }],
        ],
      },
      {
        stream: { job: 'b' },
        values: [['20', 'second', { id: '2', structuredMetadata: { detected_level: 'error' } }]],
      },
    ],
    true,
  );
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['first', 'second', 'third'],
  );
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['unknown', 'error', 'unknown'],
  );
  assert.equal(lines[1]!.labels.job, 'b');
});

test('lines of one instant keep the order they were stored in', () => {
  const values: [string, string][] = [
    ['5', 'b'],
    ['5', 'a'],
  ];
  assert.deepEqual(
    readStreams([{ values }], true).map(({ text }) => text),
    ['a', 'b'],
  );
  assert.deepEqual(
    readStreams([{ values }], false).map(({ text }) => text),
    ['b', 'a'],
  );
});

test('nanoseconds keep their last digit', () => {
  assert.equal(
    readStreams([{ values: [['1769860800123456789', '']] }], false)[0]!.ns,
    1769860800123456789n,
  );
});

test('a line comes into the window once', () => {
  const window = new LineWindow();
  assert.equal(window.append(run(0, 3)).added, 3);
  assert.equal(window.append(run(2, 5)).added, 2);
  assert.equal(window.prepend([line(-1), line(0)]).added, 1);
  assert.deepEqual(ids(window), ['-1', '0', '1', '2', '3', '4']);
});

test('appending touches only the last chunk', () => {
  const window = new LineWindow();
  window.append(run(0, chunkLines + 10));
  const [first, second] = window.chunks;
  window.append(run(chunkLines + 10, 2 * chunkLines + 5));
  assert.equal(window.chunks[0], first);
  assert.equal(window.chunks[1]!.key, second!.key);
  assert.deepEqual(
    window.chunks.map(({ lines }) => lines.length),
    [chunkLines, chunkLines, 5],
  );
});

test('the window never holds more than its limit, whichever end grows', () => {
  const window = new LineWindow();
  assert.equal(window.append(run(0, maxLines)).dropped, false);
  assert.equal(window.append(run(maxLines, maxLines + 1)).dropped, true);
  assert.ok(window.size <= maxLines);
  assert.equal(window.newest!.id, String(maxLines));
  assert.equal(window.prepend(run(-600, 0)).dropped, true);
  assert.ok(window.size <= maxLines);
  assert.equal(window.oldest!.id, '-600');
  assert.equal(window.has(String(maxLines)), false);
  assert.equal(ids(window).length, window.size);
});

// A server over lines in order of time, with the API's rules: from inclusive, to exclusive.
const server =
  (all: Line[]) =>
  async ({ from, to, limit, forward }: Bounds): Promise<Page> => {
    const found = all.filter(
      ({ ns }) => ns >= (from ?? -(2n ** 62n)) && (to === undefined || ns < to),
    );
    const lines = forward ? found.slice(0, limit) : found.slice(-limit);
    return { lines, full: lines.length >= limit };
  };

const instants: [string, (i: number) => number][] = [
  ['of different times', (i) => i],
  ['that share instants across page edges', (i) => Math.floor(i / 700)],
];
for (const [name, time] of instants) {
  test(`pages of lines ${name} join without a hole or a repeat`, async () => {
    const all = Array.from({ length: 3000 }, (_, i) => line(i, time(i)));
    const back = new LineWindow();
    back.append(all.slice(-500));
    for (let more = true; more;) {
      const step = await older(back, -1n, server(all));
      back.prepend(step.lines);
      more = step.more;
    }
    assert.deepEqual(new Set(ids(back)), new Set(all.map(({ id }) => id)));
    const on = new LineWindow();
    on.append(all.slice(0, 500));
    for (let more = true; more;) {
      const step = await newer(on, undefined, server(all));
      on.append(step.lines);
      more = step.more;
    }
    assert.deepEqual(
      ids(on),
      all.map(({ id }) => id),
    );
  });
}

test('an instant with more lines than one request gives is passed, and that is said', async () => {
  const all = [line(0, 1), ...Array.from({ length: 6000 }, (_, i) => line(i + 1, 2))];
  const window = new LineWindow();
  window.append(all.slice(-5000));
  const step = await older(window, 0n, server(all));
  assert.equal(step.skipped, true);
  assert.deepEqual(
    step.lines.map(({ id }) => id),
    ['0'],
  );
});

test('bars count every line once, those at the edges too', () => {
  const window = new LineWindow();
  window.append([
    line(0, 0),
    { ...line(1, 50), level: 'error' },
    { ...line(2, 100), level: 'warn' },
  ]);
  const { bars, most } = countBars(window.chunks, 0n, 100n, 4);
  assert.deepEqual(bars, [
    { bad: 0, warn: 0, other: 1 },
    { bad: 0, warn: 0, other: 0 },
    { bad: 1, warn: 0, other: 0 },
    { bad: 0, warn: 1, other: 0 },
  ]);
  assert.equal(most, 1);
});

test('one instant alone is one bar', () => {
  const window = new LineWindow();
  window.append([line(0, 7)]);
  assert.equal(countBars(window.chunks, 7n, 7n, 3).bars[0]!.other, 1);
});
