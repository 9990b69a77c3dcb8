// What the page remembers in this browser, beside the address: how one likes to read.

import { effect, signal } from '@preact/signals';
import type { Zone } from './time';

// Storage may be forbidden; then the page just forgets.
function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}

export const wrap = signal(remembered('wrap') !== 'off');
export const zone = signal<Zone>(remembered('zone') === 'utc' ? 'utc' : 'local');
// WCAG 2.1.4: shortcuts of a single character can be switched off.
export const shortcuts = signal(remembered('shortcuts') !== 'off');
export const lastTool = signal(remembered('tool') || 'local');

export function keepPreferences(): void {
  effect(() => remember('wrap', wrap.value ? 'on' : 'off'));
  effect(() => remember('zone', zone.value));
  effect(() => remember('shortcuts', shortcuts.value ? 'on' : 'off'));
  effect(() => remember('tool', lastTool.value));
}
