// The keyboard: single keys outside of text fields, Escape everywhere.

import { helpOpen } from './help';
import { jumpToBad, moveFocus, scroller } from './jumps';
import { shortcuts, wrap, zone } from './preferences';
import { pause, paused, resume, setFollow, tailStatus } from './session';

export const keyTable: { keys: string; does: string; run: () => void }[] = [
  { keys: '/', does: 'search', run: () => focusSearch() },
  {
    keys: 'f',
    does: 'follow new lines, or stop',
    run: () => setFollow(tailStatus.value === undefined),
  },
  {
    keys: 'p',
    does: 'pause and resume following',
    run: () => (paused.value ? resume() : pause('hand')),
  },
  { keys: 'w', does: 'wrap long lines', run: () => (wrap.value = !wrap.value) },
  {
    keys: 'u',
    does: 'times in UTC or local',
    run: () => (zone.value = zone.value === 'utc' ? 'local' : 'utc'),
  },
  { keys: 'j', does: 'next line (Enter opens it)', run: () => moveFocus(1) },
  { keys: 'k', does: 'line before', run: () => moveFocus(-1) },
  { keys: 'e', does: 'next error', run: () => jumpToBad(1) },
  { keys: 'E', does: 'error before', run: () => jumpToBad(-1) },
  { keys: '?', does: 'this help', run: () => (helpOpen.value = true) },
];

function focusSearch(): void {
  const box = document.getElementById('search') as HTMLInputElement;
  box.focus();
  box.select();
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, select, textarea') !== null;

export function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === 'Escape') {
    if (helpOpen.value) return; // the dialog closes itself
    if (document.activeElement instanceof HTMLElement && document.activeElement !== scroller())
      scroller().focus();
    return;
  }
  if (typing(event.target) || helpOpen.value) return;
  const inLines = event.target instanceof Element && event.target.closest('.row') !== null;
  if (inLines && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    event.preventDefault();
    moveFocus(event.key === 'ArrowDown' ? 1 : -1);
    return;
  }
  if (!shortcuts.value) return;
  const found = keyTable.find(({ keys }) => keys === event.key);
  if (!found) return;
  event.preventDefault();
  found.run();
}
