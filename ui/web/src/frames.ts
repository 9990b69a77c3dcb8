// Stack frames that are not the reader's own: of libraries, runtimes, package folders. In an excerpt
// they are folded, since the cause stands in one's own code or in the last line.

import type { NumberedLine } from './runs_api';

const leastFold = 3; // two lines are read as fast as "2 lines"

const packages =
  /^(?:javax?|jdk|sun|com\.sun|jakarta|kotlinx?|scala|org\.(?:apache|springframework|hibernate|junit|eclipse|postgresql)|io\.(?:netty|vertx)|com\.mysql|System|Microsoft)\./;
const python = /^File ".*", line /;

export function isLibraryFrame(line: string): boolean {
  const text = line.trimStart();
  if (python.test(text)) return /site-packages\/|dist-packages\/|\/lib\/python|<frozen /.test(text);
  if (text.startsWith('at '))
    return packages.test(text.slice(3)) || /node:|\/node_modules\/|\(internal\//.test(text);
  if (text.startsWith('from ') || (text.startsWith('#') && text.includes('(')))
    return /\/lib\/ruby\/|\/gems\/|\/vendor\/|\/usr\/share\/php/.test(text);
  return (
    text.length < line.length &&
    /\/usr\/local\/go\/src\/|\/usr\/lib\/go|\/go\/pkg\/mod\/|\/rustc\//.test(text)
  );
}

// The cited lines that `lines` does not show, both in the log's order; those next to it join it.
export function withNeighbours(
  lines: NumberedLine[],
  cited: NumberedLine[],
): { block: NumberedLine[]; elsewhere: NumberedLine[] } {
  const ascending = (a: NumberedLine, b: NumberedLine): number => a.n - b.n;
  const block = [...lines];
  const shown = new Set(lines.map(({ n }) => n));
  let elsewhere = cited.filter(({ n }) => !shown.has(n));
  // One that has joined may be the neighbour of another.
  for (let before = -1; before !== elsewhere.length;) {
    before = elsewhere.length;
    elsewhere = elsewhere.filter((line) => {
      if (!shown.has(line.n - 1) && !shown.has(line.n + 1)) return true;
      shown.add(line.n);
      block.push(line);
      return false;
    });
  }
  return { block: block.sort(ascending), elsewhere: elsewhere.sort(ascending) };
}

const indent = (line: string): number => line.length - line.trimStart().length;

export interface Group {
  lines: NumberedLine[];
  folded: boolean;
  gap: boolean; // lines are left out before it
}

// The lines in order, in groups; those of library frames are folded unless their number is in `keep`.
export function groupLines(lines: NumberedLine[], keep: Set<number>): Group[] {
  const library = lines.map(({ text }) => isLibraryFrame(text));
  // What a Python frame quotes stands below it, indented deeper.
  for (let i = 0; i + 1 < lines.length; i++) {
    if (!library[i] || !python.test(lines[i]!.text.trimStart())) continue;
    const depth = indent(lines[i]!.text);
    for (let j = i + 1; j < lines.length; j++) {
      const { text } = lines[j]!;
      if (indent(text) <= depth || python.test(text.trimStart())) break;
      library[j] = true;
    }
  }
  const groups: Group[] = [];
  const add = (some: NumberedLine[], folded: boolean): void => {
    const before = groups.at(-1);
    const gap = before !== undefined && before.lines.at(-1)!.n + 1 !== some[0]!.n;
    if (before && !gap && !folded && !before.folded) before.lines.push(...some);
    else groups.push({ lines: some, folded, gap });
  };
  for (let i = 0; i < lines.length;) {
    let end = i;
    while (
      end < lines.length &&
      library[end] &&
      !keep.has(lines[end]!.n) &&
      (end === i || lines[end]!.n === lines[end - 1]!.n + 1)
    )
      end++;
    if (end - i >= leastFold) {
      add(lines.slice(i, end), true);
      i = end;
    } else {
      for (end = Math.max(end, i + 1); i < end; i++) add([lines[i]!], false);
    }
  }
  return groups;
}
