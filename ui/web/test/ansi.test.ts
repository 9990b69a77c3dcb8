import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxPieces, parseAnsi, plainText } from '../src/ansi';

const drawn = (line: string): string =>
  parseAnsi(line)
    .map(({ text, className }) => (className ? `[${className}|${text}]` : text))
    .join('');

const table: [string, string, string][] = [
  [
    'plain text stays as it is',
    'caf\u00e9 \u{1f469}\u200d\u{1f680} \t.',
    'caf\u00e9 \u{1f469}\u200d\u{1f680} \t.',
  ],
  ['colours become classes', '\x1b[31mred\x1b[0m', '[fg1|red]'],
  ['attributes add up', '\x1b[1m\x1b[4mx\x1b[22my', '[bold underline|x][underline|y]'],
  ['an empty SGR resets', '\x1b[32ma\x1b[mb', '[fg2|a]b'],
  ['bright and background', '\x1b[97;44mx', '[fg15 bg4|x]'],
  ['indexed colours map to the palette', '\x1b[38;5;196mx\x1b[38;5;240my', '[fg9|x][fg8|y]'],
  ['true colours map by hue', '\x1b[38;2;10;10;120mx\x1b[48;2;0;255;0my', '[fg4|x][fg4 bg10|y]'],
  [
    'colons are understood',
    '\x1b[38:5:2mx\x1b[1;38:2::255:0:0;4my',
    '[fg2|x][bold underline fg9|y]',
  ],
  ['unknown codes do nothing', '\x1b[5;1234mx', 'x'],
  ['a cut-off extended colour does nothing', '\x1b[38;5mx\x1b[38;2;1my', 'xy'],
  [
    'other escapes are shown, not obeyed',
    '\x1b[2Kx\x1b]0;title\x07y',
    '[control|^[[2K]x[control|^[]0;title^G]y',
  ],
  ['a lone escape is shown', 'a\x1b', 'a[control|^[]'],
  [
    'controls are shown',
    'a\x00b\x07\x7f\x9b',
    'a[control|^@]b[control|^G][control|^?][control|<U+009B>]',
  ],
  ['direction marks cannot turn a line', 'a\u202eb', 'a[control|<U+202E>]b'],
  ['a carriage return at the end goes', 'done\r', 'done'],
  ['a carriage return inside is shown', '10%\r20%', '10%[control|^M]20%'],
];
for (const [name, line, expected] of table) {
  test(name, () => assert.equal(drawn(line), expected));
}

test('a line of nothing but escapes stays bounded', () => {
  const pieces = parseAnsi('\x1b[31ma\x1b[32mb'.repeat(20_000));
  assert.ok(pieces.length <= maxPieces + 1);
  assert.doesNotMatch(pieces.at(-1)!.text, /\x1b/);
});

test('plain text has no escapes left', () => {
  assert.equal(plainText('\x1b[1;32mok\x1b[0m \x1b[2K'), 'ok ^[[2K');
});
