import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupLines, isLibraryFrame, withNeighbours } from '../src/frames';

const frames: [string, boolean][] = [
  ['  File "/srv/bot/report.py", line 12, in main', false],
  ['  File "/usr/lib/python3.11/asyncio/runners.py", line 190, in run', true],
  ['  File "/x/venv/lib/python3.11/site-packages/requests/api.py", line 1, in get', true],
  ['  File "<frozen importlib._bootstrap>", line 1, in _call', true],
  ['\tat com.example.Report.main(Report.java:5)', false],
  ['\tat java.base/java.lang.Thread.run(Thread.java:840)', true],
  ['\tat java.util.Optional.get(Optional.java:1)', true],
  ['    at node:internal/main/run_main_module:23:47', true],
  ['    at next (/srv/node_modules/express/lib/router.js:1:1)', true],
  ["\tfrom /usr/lib/ruby/3.1.0/net/http.rb:1:in `connect'", true],
  ["\tfrom /srv/pull.rb:3:in `<main>'", false],
  ['#1 /srv/vendor/guzzle/src/Client.php(12): send()', true],
  ['\t/usr/local/go/src/net/dial.go:10 +0x1', true],
  ['    at Object.<anonymous> (/srv/a.js:3:7)', false],
  ['ERROR at /node_modules/ of it', false],
  ['', false],
];
for (const [line, library] of frames) {
  test(`${JSON.stringify(line)} is ${library ? 'a library' : 'no library'} frame`, () =>
    assert.equal(isLibraryFrame(line), library));
}

// Letters of groups: lines in a row, a folded group, a gap before one.
function shape(lines: { n: number; text: string }[], keep: number[]): string {
  return groupLines(lines, new Set(keep))
    .map(({ lines: some, folded, gap }) => `${gap ? '~' : ''}${folded ? 'f' : 'l'}${some.length}`)
    .join(' ');
}

const java = Array.from({ length: 8 }, (_, i) => ({
  n: i + 1,
  text: i === 0 ? 'Exception in thread "main"' : '\tat java.util.A.b(A.java:1)',
}));

test('library frames in a row are folded, cited lines and gaps divide them', () => {
  assert.equal(shape(java, []), 'l1 f7');
  assert.equal(shape(java, [5]), 'l1 f3 l1 f3');
  assert.equal(shape(java, [4]), 'l4 f4');
  const apart = java.map(({ n, text }) => ({ n: n > 4 ? n + 40 : n, text }));
  assert.equal(shape(apart, []), 'l1 f3 ~f4');
  assert.equal(shape([], []), '');
});

test('what a Python frame quotes is folded with it', () => {
  const texts = [
    'Traceback (most recent call last):',
    '  File "/srv/report.py", line 3, in <module>',
    '    main()',
    '  File "/usr/lib/python3/dist-packages/psycopg2/__init__.py", line 122, in connect',
    '    conn = _connect(dsn)',
    '           ^^^^^^^^^^^^^',
    'psycopg2.OperationalError: no',
  ];
  assert.equal(
    shape(
      texts.map((text, i) => ({ n: i + 1, text })),
      [7],
    ),
    'l3 f3 l1',
  );
});

// Numbers of the block, then those elsewhere.
function parts(block: number[], cited: number[]): [number[], number[]] {
  const lines = (numbers: number[]) => numbers.map((n) => ({ n, text: '' }));
  const found = withNeighbours(lines(block), lines(cited));
  return [found.block.map(({ n }) => n), found.elsewhere.map(({ n }) => n)];
}

test('cited lines next to the block join it, the others stand in order', () => {
  assert.deepEqual(parts([11, 12], [12, 14, 13, 30]), [[11, 12, 13, 14], [30]]);
  assert.deepEqual(parts([12], [10, 11, 41, 30, 40]), [[10, 11, 12], [30, 40, 41]]);
  assert.deepEqual(parts([31, 20], []), [[20, 31], []]);
  assert.deepEqual(parts([], []), [[], []]);
});
