// Moving about in the lines. The list is the document itself (the browser skips what is out of
// sight), so a jump is a walk over its rows.

import { shown } from './session';

export const scroller = (): HTMLElement => document.getElementById('lines')!;
const rowOf = (id: string): HTMLElement | null =>
  scroller().querySelector(`[data-id="${CSS.escape(id)}"]`);

function goTo(row: HTMLElement): void {
  row.scrollIntoView({ block: 'center' });
  // Sizes of rows that were never drawn are estimates; by now those around the row are known.
  requestAnimationFrame(() => row.scrollIntoView({ block: 'center' }));
  row.querySelector<HTMLElement>('.when')!.focus({ preventScroll: true });
}

export function jumpToLine(id: string): boolean {
  const row = rowOf(id);
  if (row) goTo(row);
  return row !== null;
}

export function jumpToTime(ns: bigint): void {
  for (const { lines } of shown.value.chunks)
    for (const line of lines)
      if (line.ns >= ns) {
        jumpToLine(line.id);
        return;
      }
}

// The row that has the focus, else the one at the top of what is seen.
function currentRow(): HTMLElement | null {
  const focused = document.activeElement?.closest<HTMLElement>('.row');
  if (focused) return focused;
  const box = scroller().getBoundingClientRect();
  const seen = document.elementFromPoint(box.left + box.width / 2, box.top + 12);
  return seen?.closest<HTMLElement>('.row') ?? scroller().querySelector<HTMLElement>('.row');
}

export function jumpToBad(direction: 1 | -1): void {
  const rows = [...scroller().querySelectorAll<HTMLElement>('.row.error, .row.critical')];
  if (rows.length === 0) return;
  const here = currentRow();
  const after = (row: HTMLElement): boolean =>
    here !== null && (here.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  const next =
    direction === 1 ? rows.find(after) : rows.findLast((row) => row !== here && !after(row));
  goTo(next ?? (direction === 1 ? rows[0]! : rows.at(-1)!));
}

export function moveFocus(direction: 1 | -1): void {
  const rows = [...scroller().querySelectorAll<HTMLElement>('.row')];
  const focused = document.activeElement?.closest<HTMLElement>('.row');
  const next = focused ? rows[rows.indexOf(focused) + direction] : currentRow();
  if (!next) return;
  next.scrollIntoView({ block: 'nearest' });
  next.querySelector<HTMLElement>('.when')!.focus({ preventScroll: true });
}
