// What the page shows and what can be done to it. Components read the signals and call the actions.
//
// Time runs downwards, as in a terminal: the newest line is at the bottom, in a search as in live
// tail. So a traceback reads in its order, and to follow changes nothing but that lines are added.

import { batch, computed, signal } from '@preact/signals';
import {
  fetchJobs,
  fetchPage,
  fetchTools,
  pageLines,
  reachable,
  searchParams,
  Trouble,
} from './api';
import { type Chunk, type Line, LineWindow, maxLines } from './lines';
import { defaultRange, readLocation, type View, writeLocation } from './location';
import * as pages from './pages';
import { lastTool } from './preferences';
import { marks, parseSearch } from './search';
import { msOfNs, type Range, startOf } from './time';
import { browserWorld, Tail, type TailStatus } from './tail';

// How the lines on the page have changed: tells the list where to look.
export type Change = 'replaced' | 'older' | 'newer' | 'live' | 'follow';
export interface Shown {
  chunks: readonly Chunk[];
  count: number;
  change: Change;
}

const backfillLines = 1000;
const gatherMs = 40; // live lines are drawn together this often

export const view = signal<View>(readLocation(location.search, lastTool.value));
export const shown = signal<Shown>({ chunks: [], count: 0, change: 'replaced' });
export const loading = signal<'' | 'all' | 'older' | 'newer'>('all');
export const trouble = signal<Trouble | undefined>(undefined);
export const hasOlder = signal(false);
export const hasNewer = signal(false);
export const jobs = signal<string[]>([]);
export const tools = signal<string[]>([]);
export const tailStatus = signal<TailStatus | undefined>(undefined);
export const paused = signal<'' | 'scroll' | 'hand'>(''); // drawing waits, receiving does not
export const pendingCount = signal(0);
export const notice = signal(''); // said once, for a short while
export const firstEver = signal(false); // nothing was ever stored for this tool in this range
export const terms = computed(() => marks(parseSearch(view.value.text)));

const lines = new LineWindow();
let asking = new AbortController();
let tail: Tail | undefined;
let gathered: Line[] = []; // live lines not drawn yet
let gatherTimer: ReturnType<typeof setTimeout> | undefined;
let overlapWanted = false; // the first live lines must join those on the page
let noticeTimer: ReturnType<typeof setTimeout> | undefined;

function show(change: Change): void {
  shown.value = { chunks: lines.chunks, count: lines.size, change };
}

export function say(text: string): void {
  notice.value = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.value = ''), 6000);
}

// Changes the view, its address and what is shown.
export function change(next: Partial<View>, how: 'push' | 'replace' = 'push'): void {
  view.value = { ...view.value, at: undefined, ...next };
  if (view.value.follow && view.value.range.kind === 'between') view.value.range = defaultRange;
  const address = writeLocation(view.value);
  if (address !== location.search)
    history[how === 'push' ? 'pushState' : 'replaceState'](null, '', address);
  void load();
}

export function begin(): void {
  addEventListener('popstate', () => {
    view.value = readLocation(location.search, lastTool.value);
    void load();
  });
  addEventListener('online', () => tail?.hurry());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') tail?.hurry();
  });
  void load();
}

export async function load(): Promise<void> {
  asking.abort();
  asking = new AbortController();
  const { signal: stop } = asking;
  stopTail();
  lastTool.value = view.value.tool;
  batch(() => {
    loading.value = 'all';
    trouble.value = undefined;
    firstEver.value = false;
  });
  void loadNames(stop);
  try {
    const { range, at } = view.value;
    const before = await fetchPage(
      view.value,
      at
        ? { from: startOf(defaultRange, msOfNs(at.ns)), to: at.ns + 1n, limit: pageLines / 2 }
        : boundsOf(range),
      stop,
    );
    const after = at
      ? await fetchPage(view.value, { from: at.ns, limit: pageLines / 2, forward: true }, stop)
      : undefined;
    lines.clear();
    lines.append(before.lines);
    if (after) lines.append(after.lines);
    batch(() => {
      hasOlder.value = before.full || at !== undefined;
      hasNewer.value = after?.full ?? false;
      loading.value = '';
      show('replaced');
    });
    await afterLoad(stop);
  } catch (error) {
    if (!stop.aborted) fail(error);
  }
}

const boundsOf = (range: Range) =>
  range.kind === 'last'
    ? { since: range.name, limit: pageLines }
    : { from: range.from, to: range.to, limit: pageLines };

// Follows when asked to; and when a tool has no line at all, waits for its first one.
async function afterLoad(stop: AbortSignal): Promise<void> {
  const { text, jobs: chosen, range, follow, at } = view.value;
  const bare =
    parseSearch(text).kind === 'everything' && chosen.length === 0 && range.kind === 'last' && !at;
  if (lines.size === 0 && bare) {
    const month: View = { ...view.value, range: { kind: 'last', name: '30d' } };
    firstEver.value = (await fetchPage(month, { since: '30d', limit: 1 }, stop)).lines.length === 0;
  }
  if (follow || firstEver.value) startTail();
}

async function loadNames(stop: AbortSignal): Promise<void> {
  const [toolNames, jobNames] = await Promise.allSettled([
    fetchTools(stop),
    fetchJobs(view.value, stop),
  ]);
  if (stop.aborted) return;
  if (toolNames.status === 'fulfilled') tools.value = toolNames.value;
  jobs.value = jobNames.status === 'fulfilled' ? jobNames.value : [];
}

const troubleOf = (error: unknown): Trouble =>
  error instanceof Trouble
    ? error
    : new Trouble(
        `This page failed: ${String(error)}`,
        'Reload it. If that does not help, please report it.',
      );

function fail(error: unknown): void {
  lines.clear();
  batch(() => {
    loading.value = '';
    trouble.value = troubleOf(error);
    show('replaced');
  });
}

export async function loadOlder(): Promise<void> {
  const { range, at } = view.value;
  const from = at
    ? startOf({ kind: 'last', name: '30d' }, msOfNs(at.ns))
    : startOf(range, Date.now());
  await loadMore('older', (ask) => pages.older(lines, from, ask));
}

export async function loadNewer(): Promise<void> {
  const { range, at } = view.value;
  const to = !at && range.kind === 'between' ? range.to : undefined;
  await loadMore('newer', (ask) => pages.newer(lines, to, ask));
}

async function loadMore(
  which: 'older' | 'newer',
  step: (ask: Parameters<typeof pages.older>[2]) => Promise<pages.Step>,
): Promise<void> {
  if (loading.value !== '' || lines.size === 0) return;
  const { signal: stop } = asking;
  loading.value = which;
  try {
    const found = await step((bounds) => fetchPage(view.value, bounds, stop));
    if (stop.aborted) return;
    const { dropped } = which === 'older' ? lines.prepend(found.lines) : lines.append(found.lines);
    if (dropped && which === 'older') leaveTail();
    if (found.skipped)
      say('More than 5,000 lines share one instant; the rest of them is left out.');
    batch(() => {
      loading.value = '';
      const [here, there] = which === 'older' ? [hasOlder, hasNewer] : [hasNewer, hasOlder];
      here.value = found.more;
      if (dropped) there.value = true;
      show(which);
    });
  } catch (error) {
    if (stop.aborted) return;
    loading.value = '';
    const { message, remedy } = troubleOf(error);
    say(`${message} ${remedy}`);
  }
}

// The newest lines had to make room for older ones: live lines would leave a hole before them.
function leaveTail(): void {
  if (!tail) return;
  gathered = [];
  setFollow(false);
  say('No longer following: 5,000 lines are on the page, and you asked for older ones.');
}

// ---- live tail ----

export function setFollow(follow: boolean): void {
  if (
    follow &&
    (view.value.at || view.value.range.kind === 'between' || hasNewer.value || trouble.value)
  ) {
    change({ follow: true });
    return;
  }
  view.value = { ...view.value, follow };
  history.replaceState(null, '', writeLocation(view.value));
  if (!follow) return stopTail();
  startTail();
  show('follow');
}

function startTail(): void {
  if (tail) return;
  overlapWanted = lines.size > 0;
  const opened = new Tail(browserWorld(reachable), {
    address: tailAddress,
    lines: gather,
    status: onTailStatus,
  });
  tail = opened;
  opened.start();
}

function stopTail(): void {
  tail?.stop();
  tail = undefined;
  clearTimeout(gatherTimer);
  gatherTimer = undefined;
  if (tailStatus.value !== undefined) release();
  gathered = [];
  batch(() => {
    tailStatus.value = undefined;
    paused.value = '';
    pendingCount.value = 0;
  });
}

function tailAddress(cursor: string): string {
  const params = searchParams(view.value);
  params.set('tool', view.value.tool);
  params.set('cursor', cursor);
  params.set('limit', String(backfillLines));
  if (cursor === '')
    params.set('start', String(lines.newest?.ns ?? startOf(view.value.range, Date.now())));
  const { protocol, host } = location;
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/loki/api/v1/tail?${params}`;
}

function onTailStatus(status: TailStatus): void {
  tailStatus.value = status;
  if (status.kind !== 'live') return;
  if (status.after === 'resumed') say('Reconnected, nothing missed.');
  if (status.after === 'restarted') {
    overlapWanted = lines.size > 0;
    say('Reconnected, but the server had lost our place: lines in between may be missing.');
  }
}

function gather(fresh: Line[]): void {
  gathered = gathered.concat(fresh);
  if (gathered.length > maxLines) gathered = gathered.slice(-maxLines);
  if (paused.value !== '') {
    pendingCount.value = gathered.reduce((n, { id }) => n + (lines.has(id) ? 0 : 1), 0);
    return;
  }
  gatherTimer ??= setTimeout(release, gatherMs);
}

// Draws the gathered lines. When the server had more of them than it sends at first, they do not
// join what is on the page: then the page goes on from them alone, and older ones can be loaded.
function release(): void {
  gatherTimer = undefined;
  const fresh = gathered;
  gathered = [];
  const joins = !overlapWanted || fresh.length === 0 || fresh.some(({ id }) => lines.has(id));
  const overflow = fresh.length >= maxLines;
  overlapWanted = false;
  if (fresh.length > 0 && firstEver.value) view.value = { ...view.value, follow: true };
  if (!joins || overflow) {
    lines.clear();
    hasOlder.value = true;
  }
  const { added, dropped } = lines.append(fresh);
  batch(() => {
    pendingCount.value = 0;
    if (dropped) hasOlder.value = true;
    if (added > 0) {
      firstEver.value = false;
      show('live');
    }
  });
}

export function pause(why: 'scroll' | 'hand'): void {
  if (tail && paused.value === '') paused.value = why;
}

export function resume(): void {
  if (paused.value === '') return;
  paused.value = '';
  release();
}
