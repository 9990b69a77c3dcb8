// Counts of lines over time, by how bad they are.

import type { Chunk } from './lines';
import { isBad } from './level';

export interface Bar {
  bad: number;
  warn: number;
  other: number;
}

export interface Histogram {
  from: bigint;
  to: bigint;
  bars: Bar[];
  most: number; // of all lines in one bar
}

export function countBars(
  chunks: readonly Chunk[],
  from: bigint,
  to: bigint,
  count: number,
): Histogram {
  const bars = Array.from({ length: count }, (): Bar => ({ bad: 0, warn: 0, other: 0 }));
  const width = to > from ? Number(to - from) : 1;
  for (const { lines } of chunks) {
    for (const { ns, level } of lines) {
      const index = Math.floor((Number(ns - from) / width) * count);
      const bar = bars[Math.min(Math.max(index, 0), count - 1)]!;
      if (isBad(level)) bar.bad++;
      else if (level === 'warn') bar.warn++;
      else bar.other++;
    }
  }
  const most = bars.reduce((top, { bad, warn, other }) => Math.max(top, bad + warn + other), 0);
  return { from, to, bars, most };
}
