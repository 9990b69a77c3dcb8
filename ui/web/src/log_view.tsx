// The list of lines: follows the end, keeps one's place, loads more at both edges.
//
// All lines (at most maxLines) are in the document, in chunks the browser skips while they are out
// of sight (content-visibility). Rejected: drawing only the visible rows, which breaks the
// browser's own find, selection over a screen, and screen readers.

import { Component } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Empty } from './empty';
import { jumpToLine, scroller } from './jumps';
import type { Chunk } from './lines';
import { wrap, zone } from './preferences';
import { columnsOfText, Row } from './row';
import {
  hasNewer,
  hasOlder,
  loading,
  loadNewer,
  loadOlder,
  pause,
  paused,
  pendingCount,
  resume,
  say,
  shown,
  tailStatus,
  terms,
  trouble,
  view,
} from './session';
import { dayOf, type Zone } from './time';
import { amount } from './words';

interface Anchor {
  row: Element;
  top: number;
}

// The first row in sight, to be put back where it was when rows come in above it.
function findAnchor(box: HTMLElement | null): Anchor | undefined {
  if (!box) return undefined;
  const edge = box.getBoundingClientRect().top;
  for (const chunk of box.querySelectorAll('.chunk')) {
    if (chunk.getBoundingClientRect().bottom <= edge) continue;
    for (const row of chunk.children) {
      const { top, bottom } = row.getBoundingClientRect();
      if (bottom > edge) return { row, top };
    }
  }
  return undefined;
}

function restore({ row, top }: Anchor): void {
  const moved = row.isConnected ? row.getBoundingClientRect().top - top : 0;
  if (Math.abs(moved) >= 1) scroller().scrollTop += moved;
}

// How wide unbroken lines get, in columns. Computed rather than left to the browser, which would
// have to lay out every line for it at each change.
const widths = new WeakMap<Chunk, number>();
function columnsOf(chunk: Chunk): number {
  let columns = widths.get(chunk) ?? 0;
  if (columns > 0) return columns;
  for (const { text } of chunk.lines) columns = Math.max(columns, columnsOfText(text));
  widths.set(chunk, columns);
  return columns;
}

export function LogView() {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stick = useRef(true); // to the end
  const lastTop = useRef(0);
  const now = shown.value;
  const drawn = useRef(now);
  let anchor: Anchor | undefined;
  if (drawn.current !== now && (now.change === 'older' || now.change === 'newer'))
    anchor = findAnchor(box.current);

  const toEnd = (): void => {
    box.current!.scrollTop = box.current!.scrollHeight;
    lastTop.current = box.current!.scrollTop;
  };
  useLayoutEffect(() => {
    drawn.current = now;
    if (anchor) {
      const held = anchor;
      stick.current = false;
      restore(held);
      requestAnimationFrame(() => restore(held));
    } else if (now.change === 'replaced') {
      stick.current = view.value.at === undefined;
      if (stick.current) toEnd();
      else if (now.count > 0 && !jumpToLine(view.value.at!.id))
        say('That line is not stored any more; this is what stood around its time.');
    } else {
      if (now.change === 'follow') stick.current = true;
      if (stick.current) toEnd();
    }
  }, [now]);
  useEffect(() => {
    const observer = new ResizeObserver(() => stick.current && toEnd());
    observer.observe(content.current!);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  const onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    const atEnd = scrollHeight - scrollTop - clientHeight < 24;
    if (atEnd) {
      stick.current = true;
      if (paused.value === 'scroll') resume();
    } else if (scrollTop < lastTop.current - 2) {
      stick.current = false;
      pause('scroll');
    }
    lastTop.current = scrollTop;
  };
  const goOn = (): void => {
    stick.current = true;
    resume();
    toEnd();
  };

  const { chunks } = now;
  const first = chunks[0]?.lines[0];
  const last = chunks.at(-1)?.lines.at(-1);
  const withDay =
    first !== undefined &&
    (dayOf(first.ns, zone.value) !== dayOf(last!.ns, zone.value) ||
      dayOf(first.ns, zone.value) !== dayOf(BigInt(Date.now()) * 1_000_000n, zone.value));
  const waiting = paused.value !== '' && pendingCount.value > 0;
  return (
    <div class="frame">
      <div
        id="lines"
        ref={box}
        class={wrap.value ? 'lines wrap' : 'lines'}
        role="log"
        aria-live="off"
        aria-label="Lines, the newest at the bottom"
        aria-busy={loading.value === 'all'}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div
          ref={content}
          class={withDay ? 'content days' : 'content'}
          style={{
            '--columns': String(
              chunks.reduce((most, chunk) => Math.max(most, columnsOf(chunk)), 1),
            ),
          }}
        >
          {chunks.length > 0 && hasOlder.value && (
            <More which="older" busy={loading.value === 'older'} load={loadOlder} />
          )}
          {chunks.map((chunk) => (
            <ChunkView
              key={chunk.key}
              chunk={chunk}
              terms={terms.value}
              zone={zone.value}
              withDay={withDay}
              target={view.value.at?.id ?? ''}
            />
          ))}
          {chunks.length > 0 && hasNewer.value && (
            <More which="newer" busy={loading.value === 'newer'} load={loadNewer} />
          )}
          {(trouble.value || chunks.length === 0) && loading.value !== 'all' && <Empty />}
        </div>
      </div>
      {waiting && (
        <button type="button" class="pill" onClick={goOn}>
          {amount(pendingCount.value, 'new line')} <span aria-hidden="true">↓</span>
        </button>
      )}
      {!waiting && tailStatus.value && paused.value === 'scroll' && (
        <button type="button" class="pill quiet" onClick={goOn}>
          Paused while you read. Go on <span aria-hidden="true">↓</span>
        </button>
      )}
    </div>
  );
}

function More({ which, busy, load }: { which: string; busy: boolean; load: () => Promise<void> }) {
  return (
    <p class="more-lines">
      <button type="button" aria-disabled={busy} onClick={() => void load()}>
        {busy ? `Loading ${which} lines…` : `Load ${which} lines`}
      </button>
    </p>
  );
}

interface ChunkProps {
  chunk: Chunk;
  terms: string[];
  zone: Zone;
  withDay: boolean;
  target: string;
}

// Drawn again only when one of its properties is another object.
class ChunkView extends Component<ChunkProps> {
  override shouldComponentUpdate(next: ChunkProps): boolean {
    return (Object.keys(next) as (keyof ChunkProps)[]).some((key) => next[key] !== this.props[key]);
  }
  override render({ chunk, ...rest }: ChunkProps) {
    return (
      <div class="chunk" style={{ '--rows': String(chunk.lines.length) }}>
        {chunk.lines.map((line) => (
          <Row key={line.id} line={line} {...rest} />
        ))}
      </div>
    );
  }
}
