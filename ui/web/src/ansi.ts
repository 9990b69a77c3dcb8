// A line's bytes as safe, styled pieces: colours of SGR escapes become classes of a small palette,
// every other control or direction-changing character becomes visible: ^M, ^[, <U+202E>. (Not
// Unicode's control pictures: common fonts lack them.)

export interface Piece {
  text: string;
  className: string; // '' for plain text
}

export const maxPieces = 5000; // of one line; what is beyond stays plain

interface Style {
  flags: Set<string>;
  foreground: number; // 0–15, or -1
  background: number;
}

const sgr = /\x1b\[([0-9;:]*)m/;
const csi = /\x1b\[[0-?]*[ -/]*[@-~]/;
const osc = /\x1b\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\)/;
const otherEscape = /\x1b(?:[ -/]*[0-Z\\^-~])?/;
// Zero-width joiners stay as they are: emoji and Persian need them.
const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const special = new RegExp(
  [sgr, csi, osc, otherEscape, control].map(({ source }) => source).join('|'),
  'g',
);

export function parseAnsi(line: string): Piece[] {
  const text = line.replace(/\r$/, '');
  const pieces: Piece[] = [];
  const style: Style = { flags: new Set(), foreground: -1, background: -1 };
  let className = '';
  let from = 0;
  for (const match of text.matchAll(special)) {
    if (pieces.length >= maxPieces) break;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), className });
    from = match.index + match[0].length;
    if (match[1] !== undefined) {
      applySgr(style, match[1]);
      className = classOf(style);
    } else {
      pieces.push({ text: symbols(match[0]), className: 'control' });
    }
  }
  if (from < text.length) pieces.push({ text: text.slice(from).replace(special, ''), className });
  return pieces;
}

// The line as it reads, without its escapes: for copying and for titles.
export const plainText = (line: string): string =>
  parseAnsi(line)
    .map(({ text }) => text)
    .join('');

function symbols(controls: string): string {
  let out = '';
  for (const char of controls) {
    const code = char.codePointAt(0)!;
    if (code < 0x20) out += `^${String.fromCodePoint(0x40 + code)}`;
    else if (code === 0x7f) out += '^?';
    else if (code > 0x7f) out += `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
    else out += char;
  }
  return out;
}

const onFlags: Record<number, string> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  9: 'strike',
};
const offFlags: Record<number, string[]> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  29: ['strike'],
};

// Parameters are separated by ';'; those of an extended colour also by ':', as one parameter.
function applySgr(style: Style, parameters: string): void {
  const codes = parameters.split(';');
  for (let i = 0; i < codes.length; i++) {
    const parts = codes[i]!.split(':').map(Number);
    const code = parts[0]!;
    if (code === 38 || code === 48) {
      const apart = parts.length === 1;
      const rest = apart ? codes.slice(i + 1, i + 5).map(Number) : parts.slice(1);
      const colour = extendedColour(rest, apart);
      if (apart) i += rest[0] === 5 ? 2 : 4;
      if (colour === undefined) continue;
      if (code === 38) style.foreground = colour;
      else style.background = colour;
    } else {
      applyCode(style, code);
    }
  }
}

function applyCode(style: Style, code: number): void {
  if (code === 0) {
    style.flags.clear();
    style.foreground = style.background = -1;
  } else if (onFlags[code]) style.flags.add(onFlags[code]);
  else if (offFlags[code]) for (const flag of offFlags[code]) style.flags.delete(flag);
  else if (code >= 30 && code <= 37) style.foreground = code - 30;
  else if (code >= 90 && code <= 97) style.foreground = code - 90 + 8;
  else if (code >= 40 && code <= 47) style.background = code - 40;
  else if (code >= 100 && code <= 107) style.background = code - 100 + 8;
  else if (code === 39) style.foreground = -1;
  else if (code === 49) style.background = -1;
}

// What follows 38 or 48: 5 N, or 2 R G B; with colons a colour space may stand before R. Nothing
// when it is cut off.
function extendedColour(rest: number[], apart: boolean): number | undefined {
  const [mode, ...values] = rest;
  if (mode === 5 && values.length > 0) return ofIndexed(values[0]!);
  const [red, green, blue] = apart ? values.slice(0, 3) : values.slice(-3);
  if (mode !== 2 || blue === undefined) return undefined;
  return ofRgb(red!, green!, blue);
}

function ofIndexed(index: number): number {
  if (index < 16) return index;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return ofRgb(grey, grey, grey);
  }
  const steps = [0, 95, 135, 175, 215, 255];
  const cube = index - 16;
  return ofRgb(steps[Math.floor(cube / 36)]!, steps[Math.floor(cube / 6) % 6]!, steps[cube % 6]!);
}

// The palette's colour of the same hue: the page's own colours are readable on its background, the
// program's may not be.
function ofRgb(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (spread < 40) return most < 60 ? 0 : most < 140 ? 8 : most < 220 ? 7 : 15;
  let hue: number;
  if (most === red) hue = ((green - blue) / spread + 6) % 6;
  else if (most === green) hue = (blue - red) / spread + 2;
  else hue = (red - green) / spread + 4;
  const base = [1, 3, 2, 6, 4, 5][Math.round(hue) % 6]!;
  return most > 200 ? base + 8 : base;
}

function classOf({ flags, foreground, background }: Style): string {
  const names = [...flags];
  if (foreground >= 0) names.push(`fg${foreground}`);
  if (background >= 0) names.push(`bg${background}`);
  return names.join(' ');
}
