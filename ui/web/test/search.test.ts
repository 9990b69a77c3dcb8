import assert from 'node:assert/strict';
import { test } from 'node:test';
import { searchParams } from '../src/api';
import { defaultRange, type View } from '../src/location';
import { cutAtMarks, describe, jobSelector, marks, parseSearch } from '../src/search';

const words: [string, string[], string[]][] = [
  ['timeout', ['timeout'], []],
  ['  a   b ', ['a', 'b'], []],
  ['"connection reset" x', ['connection reset', 'x'], []],
  ['a -b -"c d"', ['a'], ['b', 'c d']],
  ['"not closed', ['not closed'], []],
  ['say \\"hi', ['say', '\\"hi'], []],
  ['"a \\"b\\" c"', ['a "b" c'], []],
  ['a"b c', ['a"b', 'c'], []],
  ['-', ['-'], []],
  ['- a', ['-', 'a'], []],
  ['well-known', ['well-known'], []],
  ['--verbose', [], ['-verbose']],
];
for (const [text, wanted, unwanted] of words) {
  test(`'${text}' is read as words`, () => {
    assert.deepEqual(parseSearch(text), { kind: 'words', wanted, unwanted });
  });
}

test('nothing typed means everything, also empty quotes', () => {
  for (const text of ['', '  ', '""', '-""'])
    assert.deepEqual(parseSearch(text), { kind: 'everything' });
});

test('a brace at the start is LogQL', () => {
  assert.deepEqual(parseSearch(' {job="a"} |= "x"'), { kind: 'logql', text: '{job="a"} |= "x"' });
});

test('the hint says what will be searched', () => {
  assert.equal(
    describe(parseSearch('a b "c d" -e')),
    'Lines with “a”, “b” and “c d”, without “e”.',
  );
  assert.equal(describe(parseSearch('-e -f')), 'Lines without “e” or “f”.');
  assert.match(describe(parseSearch('{a="b"}')), /^LogQL/);
});

test('marks are the wanted words, or the literals of |= filters', () => {
  assert.deepEqual(marks(parseSearch('a -b')), ['a']);
  assert.deepEqual(marks(parseSearch('{a="b"} |= "x\\n" |= `y` != "z" |= "\\q"')), ['x\n', 'y']);
  assert.deepEqual(marks(parseSearch('')), []);
});

const cuts: [string, string[], string][] = [
  ['Timeout: timeout', ['timeout'], '[Timeout]: [timeout]'],
  ['a.b axb', ['a.b'], '[a.b] axb'],
  ['abc', ['b', 'c'], 'a[b][c]'],
  ['', ['b'], ''],
  ['nothing', [], 'nothing'],
  ['x-y [z]', ['-y', '[z]'], 'x[-y] [[z]]'],
];
for (const [text, terms, expected] of cuts) {
  test(`'${text}' is cut at ${terms.length} words`, () => {
    const pieces = cutAtMarks(text, terms);
    assert.equal(pieces.map((p) => (p.marked ? `[${p.text}]` : p.text)).join(''), expected);
  });
}

test('chosen jobs become a selector', () => {
  assert.equal(jobSelector([]), '');
  assert.equal(jobSelector(['say "hi"']), '{job="say \\"hi\\""}');
  assert.equal(jobSelector(['a.b', 'c|d']), '{job=~"a\\\\.b|c\\\\|d"}');
});

const view = (text: string, jobs: string[]): View => ({
  tool: 't',
  text,
  jobs,
  range: defaultRange,
  follow: false,
});
const requests: [string, string[], string | null, string | null][] = [
  ['', [], null, ''],
  ['a -b', [], null, 'a -b'],
  ['', ['web'], '{job="web"}', null],
  [' a ', ['web'], '{job="web"}', 'a'],
  ['{x="y"}', ['web'], '{x="y"}', null],
];
for (const [text, jobs, query, search] of requests) {
  test(`the request for '${text}' in ${jobs.length} jobs`, () => {
    const params = searchParams(view(text, jobs));
    assert.equal(params.get('query'), query);
    assert.equal(params.get('search'), search);
    assert.equal(params.get('flags'), 'categorize-labels,line-ids');
  });
}
