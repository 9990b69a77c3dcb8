// Times as people read and choose them. Inside, a time is UTC nanoseconds in a bigint.

export type Zone = 'local' | 'utc';

export type Range = { kind: 'last'; name: string } | { kind: 'between'; from: bigint; to: bigint };

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
export const spans: { name: string; label: string; ms: number }[] = [
  { name: '15m', label: 'Last 15 minutes', ms: 15 * minute },
  { name: '1h', label: 'Last hour', ms: hour },
  { name: '6h', label: 'Last 6 hours', ms: 6 * hour },
  { name: '24h', label: 'Last 24 hours', ms: day },
  { name: '7d', label: 'Last 7 days', ms: 7 * day },
  { name: '30d', label: 'Last 30 days', ms: 30 * day },
];

export const nsOfMs = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;
export const msOfNs = (ns: bigint): number => Number(ns / 1_000_000n);

export function startOf(range: Range, nowMs: number): bigint {
  if (range.kind === 'between') return range.from;
  const span = spans.find(({ name }) => name === range.name) ?? spans[1]!;
  return nsOfMs(nowMs - span.ms);
}

const two = (n: number): string => String(n).padStart(2, '0');

interface Parts {
  date: string;
  clock: string; // HH:MM:SS
}

function parts(ms: number, zone: Zone): Parts {
  const date = new Date(ms);
  if (zone === 'utc') {
    const iso = date.toISOString();
    return { date: iso.slice(0, 10), clock: iso.slice(11, 19) };
  }
  return {
    date: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    clock: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
  };
}

// 14:02:10.123, with the day before it where lines of several days stand together.
export function formatClock(ns: bigint, zone: Zone, withDay: boolean): string {
  const ms = msOfNs(ns);
  const { date, clock } = parts(ms, zone);
  const fraction = String(((ms % 1000) + 1000) % 1000).padStart(3, '0');
  return `${withDay ? `${date.slice(5)} ` : ''}${clock}.${fraction}`;
}

// 2026-01-31 14:02 or 2026-01-31 14:02:10.123456789 UTC, for reading and not for machines.
export function formatFull(ns: bigint, zone: Zone): string {
  const { date, clock } = parts(msOfNs(ns), zone);
  const fraction = String(((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(
    9,
    '0',
  );
  return `${date} ${clock}.${fraction} ${zone === 'utc' ? 'UTC' : offset(msOfNs(ns))}`;
}

function offset(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export const dayOf = (ns: bigint, zone: Zone): string => parts(msOfNs(ns), zone).date;

// For <input type="datetime-local">, whose value has no zone.
export function toInput(ns: bigint, zone: Zone): string {
  const { date, clock } = parts(msOfNs(ns), zone);
  return `${date}T${clock}`;
}
export function fromInput(value: string, zone: Zone): bigint | undefined {
  const ms = Date.parse(zone === 'utc' ? `${value}Z` : value);
  return Number.isNaN(ms) ? undefined : nsOfMs(ms);
}

// For the address: RFC 3339 in UTC, with nanoseconds where there are any.
export function toAddress(ns: bigint): string {
  const iso = new Date(msOfNs(ns)).toISOString().slice(0, 19);
  const fraction = String(ns % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${iso}${fraction && `.${fraction}`}Z`;
}
export function fromAddress(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}Z`);
  return Number.isNaN(ms) ? undefined : nsOfMs(ms) + BigInt((match[2] ?? '').padEnd(9, '0'));
}

// A range in words, for sentences: "in the last hour".
export function rangeInWords(range: Range, zone: Zone): string {
  if (range.kind === 'last') {
    const span = spans.find(({ name }) => name === range.name) ?? spans[1]!;
    return `in the ${span.label.toLowerCase()}`;
  }
  const short = (ns: bigint): string => toInput(ns, zone).replace('T', ' ');
  return `from ${short(range.from)} to ${short(range.to)}`;
}
