// One line: time, level, job, text; opened, everything known about it.

import { Component, type ComponentChildren } from 'preact';
import { parseAnsi, plainText } from './ansi';
import { copy } from './copy';
import { letters } from './level';
import type { Line } from './lines';
import { lineLocation } from './location';
import { cutAtMarks } from './search';
import { change, say, view } from './session';
import { formatClock, formatFull, type Zone } from './time';

const longText = 1000; // characters shown of a closed line

// At most this many columns a closed line's text takes: East Asian characters and emoji take two,
// controls are written with up to eight.
export function columnsOfText(text: string): number {
  const seen = Math.min(text.length, longText);
  let columns = text.length > longText ? 28 : 0;
  for (let i = 0; i < seen; i++) {
    const code = text.charCodeAt(i);
    columns +=
      code < 0x20 || (code >= 0x7f && code < 0xa0) ? 8 : code < 0x1100 ? 1 : code < 0x2070 ? 8 : 2;
  }
  return columns;
}

interface Props {
  line: Line;
  terms: string[];
  zone: Zone;
  withDay: boolean;
  target: string; // id of the line the address names
}

export class Row extends Component<Props, { open: boolean }> {
  override state = { open: this.props.target === this.props.line.id };

  override shouldComponentUpdate(next: Props, nextState: { open: boolean }): boolean {
    const { line, terms, zone, withDay, target } = this.props;
    return (
      nextState.open !== this.state.open ||
      next.line !== line ||
      next.terms !== terms ||
      next.zone !== zone ||
      next.withDay !== withDay ||
      next.target !== target
    );
  }

  toggle = (): void => this.setState(({ open }) => ({ open: !open }));

  // A click anywhere opens the line, unless it ended a selection of text.
  onText = (): void => {
    if (getSelection()?.isCollapsed !== false) this.toggle();
  };

  override render({ line, terms, zone, withDay, target }: Props) {
    const { open } = this.state;
    const job = jobOf(line);
    const named = target === line.id;
    return (
      <div
        class={`row ${line.level}${open ? ' open' : ''}${named ? ' named' : ''}`}
        data-id={line.id}
        aria-current={named ? 'true' : undefined}
      >
        <button type="button" class="when" tabIndex={-1} aria-expanded={open} onClick={this.toggle}>
          <time>{formatClock(line.ns, zone, withDay)}</time>
        </button>
        <Letter line={line} />
        <span class={`job job${hue(job)}`} title={job}>
          {job}
        </span>
        <span class="text" dir="ltr" onClick={this.onText}>
          <Text text={line.text} terms={terms} whole={open} />
        </span>
        {open && <Details line={line} zone={zone} />}
      </div>
    );
  }
}

function Letter({ line: { level } }: { line: Line }) {
  if (level === 'unknown') return <span class="level" />;
  return (
    <span class="level" role="img" aria-label={level} title={level}>
      {letters[level]}
    </span>
  );
}

export const jobOf = ({ labels }: Line): string =>
  labels.job ?? labels.container ?? labels.service_name ?? Object.values(labels)[0] ?? '';

// One of six colours by name, the same on every page.
function hue(name: string): number {
  let sum = 0x811c9dc5; // FNV-1a, folded
  for (let i = 0; i < name.length; i++) sum = Math.imul(sum ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return ((sum >>> 16) ^ (sum & 0xffff)) % 6;
}

function Text({ text, terms, whole }: { text: string; terms: string[]; whole: boolean }) {
  const rest = whole ? 0 : Math.max(text.length - longText, 0);
  const parts: ComponentChildren[] = [];
  for (const { text: part, className } of parseAnsi(rest > 0 ? text.slice(0, longText) : text)) {
    const pieces = cutAtMarks(part, className === 'control' ? [] : terms).map((piece) =>
      piece.marked ? <mark>{piece.text}</mark> : piece.text,
    );
    parts.push(className === '' ? pieces : <span class={className}>{pieces}</span>);
  }
  if (rest > 0) parts.push(<i class="rest"> … {rest.toLocaleString('en')} more characters</i>);
  return <>{parts}</>;
}

function Details({ line, zone }: { line: Line; zone: Zone }) {
  const address = lineLocation(view.value.tool, line.ns, line.id);
  const job = line.labels.job;
  const pretty = prettyJson(line.text);
  const facts: [string, string][] = [
    ['time', formatFull(line.ns, zone)],
    ...(line.level === 'unknown' ? [] : ([['level', line.level]] as [string, string][])),
    ...Object.entries(line.labels),
    ...Object.entries(line.metadata).filter(([name]) => name !== 'detected_level'),
  ];
  const onCopy = async (text: string, what: string): Promise<void> =>
    say((await copy(text)) ? `${what} copied.` : 'The browser does not let this page copy.');
  return (
    <div class="details">
      {pretty !== '' && <pre>{pretty}</pre>}
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{plainText(value)}</dd>
          </div>
        ))}
      </dl>
      <p class="actions">
        <button type="button" onClick={() => void onCopy(plainText(line.text), 'Line')}>
          Copy line
        </button>
        <button
          type="button"
          onClick={() => void onCopy(`${location.origin}/search${address}`, 'Link')}
        >
          Copy link
        </button>
        <a class="button" href={`/search${address}`}>
          Show what is around it
        </a>
        {job !== undefined && (view.value.jobs.length !== 1 || view.value.jobs[0] !== job) && (
          <button type="button" onClick={() => change({ jobs: [job] })}>
            Only {job}
          </button>
        )}
      </p>
    </div>
  );
}

function prettyJson(text: string): string {
  if (!text.startsWith('{') || text.length > 20_000) return '';
  try {
    return plainText(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return '';
  }
}
