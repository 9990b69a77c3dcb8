// The lines at a glance: how many, from when to when, how bad; and how they are drawn.

import { countBars, type Histogram } from './histogram';
import { isBad } from './level';
import { helpOpen } from './help';
import { jumpToBad, jumpToTime } from './jumps';
import { wrap, zone } from './preferences';
import {
  hasNewer,
  hasOlder,
  loading,
  pause,
  paused,
  pendingCount,
  resume,
  shown,
  tailStatus,
  view,
} from './session';
import type { TailStatus } from './tail';
import { dayOf, formatClock, nsOfMs, startOf } from './time';
import { amount } from './words';

const barCount = 72;

export function Overview() {
  const { chunks, count } = shown.value;
  let bad = 0;
  let warn = 0;
  for (const { lines } of chunks)
    for (const { level } of lines) {
      if (isBad(level)) bad++;
      else if (level === 'warn') warn++;
    }
  return (
    <section class="overview" aria-label="Overview">
      {count > 0 && <Bars histogram={countBars(chunks, ...bounds(), barCount)} count={count} />}
      <div class="summary">
        {count > 0 && (
          <p class="counts">
            <b>{amount(count, 'line')}</b>
            {hasOlder.value || hasNewer.value ? ' shown of more' : ', all there are'}
          </p>
        )}
        {bad > 0 && (
          <button
            type="button"
            class="count bad"
            title="To the next error (e)"
            onClick={() => jumpToBad(1)}
          >
            {amount(bad, 'error')}
          </button>
        )}
        {warn > 0 && <p class="count warn">{amount(warn, 'warning')}</p>}
        <TailState />
        <span class="toggles">
          <Toggle
            label="Wrap"
            keys="w"
            title="Break long lines (w)"
            on={wrap.value}
            set={(on) => (wrap.value = on)}
          />
          <Toggle
            label="UTC"
            keys="u"
            title="Show times in UTC rather than local time (u)"
            on={zone.value === 'utc'}
            set={(on) => (zone.value = on ? 'utc' : 'local')}
          />
          <button
            type="button"
            class="toggle"
            aria-keyshortcuts="?"
            onClick={() => (helpOpen.value = true)}
          >
            Help
          </button>
        </span>
      </div>
      <div class={loading.value === '' ? 'progress' : 'progress on'} aria-hidden="true" />
    </section>
  );
}

// The time the lines stand for: the whole range, or the part of it that is loaded.
function bounds(): [bigint, bigint] {
  const { range, at } = view.value;
  const lines = shown.value.chunks;
  const first = lines[0]!.lines[0]!.ns;
  const last = lines.at(-1)!.lines.at(-1)!.ns;
  const now = nsOfMs(Date.now());
  const from = hasOlder.value || at ? first : startOf(range, Date.now());
  const to = hasNewer.value || at ? last : range.kind === 'between' ? range.to : now;
  return [from < first ? from : first, to > last ? to : last];
}

function Bars({ histogram, count }: { histogram: Histogram; count: number }) {
  const { bars, most, from, to } = histogram;
  const height = (n: number): number => (n === 0 ? 0 : Math.max((n / most) * 40, 1.5));
  const jump = (event: MouseEvent): void => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    jumpToTime(from + BigInt(Math.round(Number(to - from) * share)));
  };
  const day = dayOf(from, zone.value) !== dayOf(to, zone.value);
  const name = `The ${amount(count, 'line')} shown, over time, at most ${most} in one bar`;
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${barCount * 10} 40`}
        preserveAspectRatio="none"
        role="img"
        aria-label={name}
        onClick={jump}
      >
        {bars.map(({ bad, warn, other }, index) => {
          const total = bad + warn + other;
          if (total === 0) return null;
          const whole = height(total);
          const red = bad === 0 ? 0 : Math.max((bad / total) * whole, 1.5);
          const amber = warn === 0 ? 0 : Math.max((warn / total) * whole, 1.5);
          const x = index * 10 + 1;
          return (
            <g key={index}>
              <rect class="hit" x={index * 10} y="0" width="10" height="40">
                <title>
                  {[amount(total, 'line'), amount(bad, 'error'), amount(warn, 'warning')].join(
                    ', ',
                  )}
                </title>
              </rect>
              <rect class="other" x={x} y={40 - whole} width="8" height={whole} />
              <rect class="warn" x={x} y={40 - red - amber} width="8" height={amber} />
              <rect class="bad" x={x} y={40 - red} width="8" height={red} />
            </g>
          );
        })}
      </svg>
      <figcaption>
        <span>{formatClock(from, zone.value, day).slice(0, -4)}</span>
        <span>of the {amount(count, 'line')} shown</span>
        <span>{formatClock(to, zone.value, day).slice(0, -4)}</span>
      </figcaption>
    </figure>
  );
}

function Toggle(props: {
  label: string;
  keys: string;
  title: string;
  on: boolean;
  set: (on: boolean) => void;
}) {
  return (
    <button
      type="button"
      class="toggle"
      aria-pressed={props.on}
      aria-keyshortcuts={props.keys}
      title={props.title}
      onClick={() => props.set(!props.on)}
    >
      {props.label}
    </button>
  );
}

function inWords(status: TailStatus): string {
  if (status.kind === 'connecting') return 'Connecting…';
  if (status.kind === 'live') return 'Live';
  const what = status.reachable ? 'Connection lost' : 'The server does not answer';
  const why = status.reason === '' ? '' : ` (${status.reason})`;
  return `${what}${why}, trying again in ${status.seconds} s`;
}

function TailState() {
  const status = tailStatus.value;
  if (!status) return null;
  const stopped = paused.value !== '';
  const words = stopped && status.kind === 'live' ? 'Paused' : inWords(status);
  const more = pendingCount.value > 0 ? ` (${pendingCount.value.toLocaleString('en')} new)` : '';
  return (
    <>
      <p class={`state ${stopped ? 'stopped' : status.kind}`}>
        <span class="dot" aria-hidden="true" />
        {words}
      </p>
      <button
        type="button"
        class="toggle"
        aria-keyshortcuts="p"
        onClick={() => (stopped ? resume() : pause('hand'))}
      >
        {stopped ? `Resume${more}` : 'Pause'}
      </button>
    </>
  );
}
