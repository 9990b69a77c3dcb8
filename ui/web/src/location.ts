// The page's state in its address: what one sees is what one can send to somebody.
//
//   /search?tool=bot&q=timeout+-debug&range=24h&job=web&job=cron&follow
//   /search?tool=bot&from=2026-01-31T12:00:00Z&to=2026-01-31T13:00:00Z
//   /search?tool=bot&at=2026-01-31T12:00:00.123456789Z&line=ID       one line with its neighbours

import { fromAddress, type Range, spans, toAddress } from './time';

export interface View {
  tool: string;
  text: string;
  jobs: string[];
  range: Range;
  follow: boolean;
  at?: { ns: bigint; id: string };
}

export const defaultRange: Range = { kind: 'last', name: '1h' };

export function readLocation(query: string, defaultTool: string): View {
  const params = new URLSearchParams(query);
  const view: View = {
    tool: params.get('tool') || defaultTool,
    text: params.get('q') ?? '',
    jobs: [...new Set(params.getAll('job'))],
    range: defaultRange,
    follow: params.has('follow'),
  };
  const from = fromAddress(params.get('from') ?? '');
  const to = fromAddress(params.get('to') ?? '');
  const name = params.get('range');
  if (from !== undefined && to !== undefined && from < to)
    view.range = { kind: 'between', from, to };
  else if (spans.some((span) => span.name === name)) view.range = { kind: 'last', name: name! };
  const at = fromAddress(params.get('at') ?? '');
  if (at !== undefined) {
    view.at = { ns: at, id: params.get('line') ?? '' };
    view.follow = false;
  }
  return view;
}

export function writeLocation(view: View): string {
  const params = new URLSearchParams();
  params.set('tool', view.tool);
  if (view.text.trim() !== '') params.set('q', view.text.trim());
  for (const job of view.jobs) params.append('job', job);
  if (view.at) {
    params.set('at', toAddress(view.at.ns));
    params.set('line', view.at.id);
  } else if (view.range.kind === 'between') {
    params.set('from', toAddress(view.range.from));
    params.set('to', toAddress(view.range.to));
  } else if (view.range.name !== '1h') {
    params.set('range', view.range.name);
  }
  if (view.follow) params.set('follow', '1');
  return `?${params}`;
}

// The address of one line among its neighbours. The search is left out on purpose: whoever opens it
// wants to see what stood around the line.
export function lineLocation(tool: string, ns: bigint, id: string): string {
  return writeLocation({
    tool,
    text: '',
    jobs: [],
    range: defaultRange,
    follow: false,
    at: { ns, id },
  });
}
