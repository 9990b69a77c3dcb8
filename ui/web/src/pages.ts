// Paging by time without losing or repeating a line, also where many lines share one time stamp.
//
// The server pages by time only: the end of a range is exclusive, so the next older page ends just
// after the oldest line we have and brings that instant again; lines seen are known by their ids.
// When a full page holds nothing new, its instant holds more lines than a page: ask for more at
// once, and at the server's own limit step past the instant and say so.

import { type Bounds, mostLines, type Page, pageLines } from './api';
import type { LineWindow } from './lines';

export interface Step {
  lines: Page['lines'];
  more: boolean; // beyond this page
  skipped: boolean; // lines of one instant had to be left out
}

type Fetch = (bounds: Bounds) => Promise<Page>;

export function older(window: LineWindow, from: bigint, fetch: Fetch): Promise<Step> {
  const edge = window.oldest!.ns;
  return step(window, (limit, past) => fetch({ from, to: past ? edge : edge + 1n, limit }));
}

export function newer(window: LineWindow, to: bigint | undefined, fetch: Fetch): Promise<Step> {
  const edge = window.newest!.ns;
  return step(window, (limit, past) =>
    fetch({ from: past ? edge + 1n : edge, to, limit, forward: true }),
  );
}

async function step(
  window: LineWindow,
  ask: (limit: number, past: boolean) => Promise<Page>,
): Promise<Step> {
  for (const limit of [pageLines, mostLines]) {
    const page = await ask(limit, false);
    const fresh = page.lines.some(({ id }) => !window.has(id));
    if (fresh || !page.full) return { lines: page.lines, more: page.full, skipped: false };
  }
  const page = await ask(pageLines, true);
  return { lines: page.lines, more: page.full, skipped: true };
}
