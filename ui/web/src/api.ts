// The server's HTTP API as this page uses it, and its refusals in words people can act on.

import type { View } from './location';
import { type Line, readStreams, type StreamResult } from './lines';
import { jobSelector, parseSearch } from './search';
import { startOf } from './time';

export const pageLines = 500; // fetched at once
export const mostLines = 5000; // what the server gives at most for one request
const timeoutMs = 60_000;

// What went wrong and what one can do about it.
export class Trouble extends Error {
  constructor(
    override readonly message: string,
    readonly remedy: string,
    readonly status = 0,
  ) {
    super(message);
  }
}

// `query` and `search` of a view. Plain words and chosen jobs both apply; LogQL chooses its own.
export function searchParams(view: View): URLSearchParams {
  const params = new URLSearchParams({ flags: 'categorize-labels,line-ids' });
  const search = parseSearch(view.text);
  if (search.kind === 'logql') {
    params.set('query', search.text);
    return params;
  }
  const selector = jobSelector(view.jobs);
  if (selector !== '') params.set('query', selector);
  if (search.kind === 'words' || selector === '') params.set('search', view.text.trim());
  return params;
}

export interface Page {
  lines: Line[];
  full: boolean; // as many as were asked for: there may be more
}

export interface Bounds {
  from?: bigint; // inclusive
  to?: bigint; // exclusive
  since?: string; // instead of `from`, counted from the server's now
  limit: number;
  forward?: boolean; // the oldest of them rather than the newest
}

export async function fetchPage(view: View, bounds: Bounds, signal: AbortSignal): Promise<Page> {
  const params = searchParams(view);
  params.set('limit', String(bounds.limit));
  params.set('direction', bounds.forward ? 'forward' : 'backward');
  if (bounds.since !== undefined) params.set('since', bounds.since);
  if (bounds.from !== undefined) params.set('start', String(bounds.from));
  if (bounds.to !== undefined) params.set('end', String(bounds.to));
  const answer = await getJson(`/loki/api/v1/query_range?${params}`, view.tool, signal);
  const result = (answer as { data?: { result?: StreamResult[] } }).data?.result ?? [];
  const lines = readStreams(result, !bounds.forward);
  return { lines, full: lines.length >= bounds.limit };
}

export async function fetchTools(signal: AbortSignal): Promise<string[]> {
  const answer = (await getJson('/api/v1/tools', '', signal)) as { tools?: string[] };
  return answer.tools ?? [];
}

export async function fetchJobs(view: View, signal: AbortSignal): Promise<string[]> {
  const params = new URLSearchParams();
  params.set('start', String(startOf(view.range, Date.now())));
  if (view.range.kind === 'between') params.set('end', String(view.range.to));
  const answer = await getJson(`/loki/api/v1/label/job/values?${params}`, view.tool, signal);
  return ((answer as { data?: string[] }).data ?? []).slice().sort();
}

// True when a server answers at all, whatever it says.
export async function reachable(): Promise<boolean> {
  try {
    await fetch('/ready', { signal: AbortSignal.timeout(5000), cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}

// `tool` '': none is named.
export async function getJson(
  address: string,
  tool: string,
  signal: AbortSignal,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(address, {
      headers: tool === '' ? {} : { 'X-Scope-OrgID': tool },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      cache: 'no-store',
    });
  } catch (error) {
    if (signal.aborted) throw error;
    if ((error as Error).name === 'TimeoutError')
      throw new Trouble(
        'The answer took more than a minute.',
        'Choose a shorter time range or add a word to search for.',
      );
    throw new Trouble(
      'The server does not answer.',
      'Check that it runs (`logboom serve`) and that you are connected, then try again.',
    );
  }
  if (!response.ok) throw troubleOf(response.status, await response.text());
  try {
    return await response.json();
  } catch {
    throw new Trouble(
      'The answer cannot be read.',
      'Something between this page and the server may have changed it. Try again.',
    );
  }
}

const remedies: Record<number, string> = {
  400: 'Correct the search or the tool’s name, then search again.',
  401: 'This server wants to know who you are. Ask its operator for access.',
  403: 'You may not read this tool’s lines. Choose another tool or ask its owner.',
  404: 'This server does not know the question. The page may be newer than the server: reload it.',
  413: 'The search is too long. Shorten it.',
  429: 'Too much was asked at once. Wait a few seconds and try again.',
  500: 'That is a fault of the server. Its own log says more.',
  503: 'The server is busy or just starting. Wait a few seconds and try again.',
  504: 'Choose a shorter time range or add a word to search for.',
};

export function troubleOf(status: number, body: string): Trouble {
  const said = body.trim().split('\n')[0]!.slice(0, 500);
  const remedy = remedies[status] ?? (status >= 500 ? remedies[503]! : remedies[400]!);
  return new Trouble(said === '' ? `The server refused (status ${status}).` : said, remedy, status);
}
