// The server's API of jobs, runs and verdicts. What is not known is absent.

import { getJson } from './api';
import { allTools } from './route';

export type Outcome =
  'running' | 'succeeded' | 'failed' | 'suspect' | 'lost' | 'missed' | 'skipped' | 'ended' | 'unknown'; // of a job that has not run yet

// A run that another one names.
export interface RunRef {
  run: string;
  started?: string;
}

export interface Run {
  id: string;
  tool: string;
  job: string;
  outcome: Outcome;
  trigger?: string;
  command?: string;
  node?: string;
  pod?: string;
  container?: string;
  user?: string;
  started?: string;
  ended?: string;
  wall_ms?: number;
  exit_code?: number;
  signal?: number;
  signal_name?: string;
  timed_out?: number | boolean;
  oom_kills?: number;
  reason?: string;
  cpu_ms?: number;
  peak_bytes?: number;
  memory_limit_bytes?: number;
  read_bytes?: number;
  written_bytes?: number;
  lines?: number;
  lost_bytes?: number;
  quiet_ms?: number;
  class?: string;
  confidence?: number;
  headline?: string;
  failing_since?: RunRef;
  last_good?: RunRef;
  other?: string;
}

export interface NumberedLine {
  n: number;
  text: string;
}

export interface Verdict {
  run?: string;
  tool?: string;
  job?: string;
  outcome: Outcome;
  class?: string;
  confidence?: number;
  headline?: string;
  slots?: Record<string, string>;
  lines?: NumberedLine[];
  excerpt?: [number, number][];
  evidence?: { kind: string; text: string; line?: number | null }[];
  failing_since?: RunRef | null;
  last_good?: RunRef | null;
  first_seen?: RunRef | null;
  failures?: number;
  excerpt_lines?: NumberedLine[];
  complete?: boolean;
}

export interface Sample {
  t: string;
  cpu_ms?: number;
  memory_bytes?: number;
  processes?: number;
  throttled_ms?: number;
}

export interface RunDetail extends Run {
  verdict?: Verdict | null;
  samples?: Sample[];
}

export interface Brief {
  id: string;
  outcome: Outcome;
  started?: string;
  wall_ms?: number;
  cpu_ms?: number;
  peak_bytes?: number;
}

export interface Job {
  tool: string;
  job: string;
  outcome: Outcome; // of its last run
  trouble: boolean; // it may be running again
  since?: string;
  failing_since?: RunRef;
  failures?: number;
  schedule?: string;
  zone?: string;
  next?: string;
  last?: Run;
  recent?: Brief[];
}

export interface Spread {
  p50?: number;
  p95?: number;
  max?: number;
}

export interface Usage {
  job: string;
  runs: number;
  wall_ms?: Spread;
  cpu_ms?: Spread;
  peak_bytes?: Spread;
  memory_limit_bytes?: number;
  suggested_memory_bytes?: number;
  throttled_percent?: number;
}

export interface Comparison {
  good: Run | null;
  new: (NumberedLine & { count?: number })[];
  missing: NumberedLine[];
}

const address = (path: string, params: Record<string, string> = {}): string => {
  const query = new URLSearchParams(params).toString();
  return `/api/v1/${path}${query && `?${query}`}`;
};
const runPath = (id: string): string => `runs/${encodeURIComponent(id)}`;

export async function fetchJobList(tool: string, signal: AbortSignal): Promise<Job[]> {
  const all = tool === allTools;
  const answer = await getJson(
    address('jobs', all ? { all_tools: '1' } : {}),
    all ? '' : tool,
    signal,
  );
  return (answer as { jobs?: Job[] }).jobs ?? [];
}

export async function fetchRuns(
  tool: string,
  job: string,
  limit: number,
  signal: AbortSignal,
): Promise<Run[]> {
  const answer = await getJson(address('runs', { job, limit: String(limit) }), tool, signal);
  return (answer as { runs?: Run[] }).runs ?? [];
}

export const fetchUsage = async (tool: string, job: string, signal: AbortSignal): Promise<Usage> =>
  (await getJson(address('usage', { job }), tool, signal)) as Usage;

// A run is known by its id alone, whatever tool it belongs to.
export const fetchRun = async (id: string, signal: AbortSignal): Promise<RunDetail> =>
  (await getJson(address(runPath(id)), '', signal)) as RunDetail;

export const fetchVerdict = async (id: string, signal: AbortSignal): Promise<Verdict> =>
  (await getJson(address(`${runPath(id)}/why`), '', signal)) as Verdict;

export const fetchComparison = async (id: string, signal: AbortSignal): Promise<Comparison> =>
  (await getJson(address(`${runPath(id)}/compare`), '', signal)) as Comparison;

// The last lines of a run. Their number is known only once it has ended, so it is asked for first.
export async function fetchLastLines(
  id: string,
  count: number,
  signal: AbortSignal,
): Promise<NumberedLine[]> {
  const ask = async (first: number, last: number) =>
    (await getJson(
      address(`${runPath(id)}/lines`, { first: String(first), last: String(last) }),
      '',
      signal,
    )) as { lines?: NumberedLine[]; total?: number };
  const { lines = [], total = 0 } = await ask(1, count);
  if (total <= count) return lines;
  return (await ask(total - count + 1, total)).lines ?? [];
}
