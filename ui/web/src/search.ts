// What the one search box means. The server decides; this says the same in words while one types,
// and knows which words to mark in the results.

export type Search =
  | { kind: 'everything' }
  | { kind: 'words'; wanted: string[]; unwanted: string[] }
  | { kind: 'logql'; text: string };

export function parseSearch(text: string): Search {
  const trimmed = text.trim();
  if (trimmed === '') return { kind: 'everything' };
  if (trimmed.startsWith('{')) return { kind: 'logql', text: trimmed };
  const wanted: string[] = [];
  const unwanted: string[] = [];
  // An optional '-', then a phrase in quotes (its end may still be missing) or a word.
  for (const [, minus, phrase, word] of trimmed.matchAll(
    /(-?)(?:"((?:\\"|[^"])*)"?|([^\s"]\S*))/g,
  )) {
    const term = phrase?.replaceAll('\\"', '"') ?? word ?? '';
    if (term === '') continue;
    (minus ? unwanted : wanted).push(term);
  }
  if (wanted.length + unwanted.length === 0) return { kind: 'everything' };
  return { kind: 'words', wanted, unwanted };
}

const list = (terms: string[], last: string): string => {
  const quoted = terms.map((term) => `“${term}”`);
  if (quoted.length < 2) return quoted.join('');
  return `${quoted.slice(0, -1).join(', ')} ${last} ${quoted.at(-1)}`;
};

export function describe(search: Search): string {
  switch (search.kind) {
    case 'everything':
      return 'Every line. Try words, "a phrase", -without, or LogQL from a { on.';
    case 'logql':
      return 'LogQL: { } chooses the jobs, what follows narrows their lines.';
    case 'words': {
      const { wanted, unwanted } = search;
      const without = unwanted.length > 0 ? `without ${list(unwanted, 'or')}` : '';
      if (wanted.length === 0) return `Lines ${without}.`;
      return `Lines with ${list(wanted, 'and')}${without && `, ${without}`}.`;
    }
  }
}

// The words to mark in a line; of LogQL, the text of its |= filters.
export function marks(search: Search): string[] {
  if (search.kind === 'words') return search.wanted;
  if (search.kind === 'everything') return [];
  const found: string[] = [];
  for (const [, quoted, raw] of search.text.matchAll(/\|=\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`)/g)) {
    const term = raw ?? parsedString(quoted!);
    if (term) found.push(term);
  }
  return found;
}

// JSON's escapes are the ones people use of Go's; what is beyond them is not marked.
function parsedString(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return '';
  }
}

// Cuts a text into plain and marked pieces, in order; capitals of ASCII do not matter.
export function cutAtMarks(text: string, terms: string[]): { text: string; marked: boolean }[] {
  if (terms.length === 0) return [{ text, marked: false }];
  const pieces: { text: string; marked: boolean }[] = [];
  const pattern = new RegExp(terms.map(escapeRegExp).join('|'), 'gi');
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), marked: false });
    pieces.push({ text: match[0], marked: true });
    from = match.index + match[0].length;
  }
  if (from < text.length || pieces.length === 0)
    pieces.push({ text: text.slice(from), marked: false });
  return pieces;
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

// The selector for chosen jobs, or '' for all.
export function jobSelector(jobs: string[]): string {
  if (jobs.length === 0) return '';
  if (jobs.length === 1) return `{job=${JSON.stringify(jobs[0])}}`;
  const pattern = jobs.map((job) => job.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return `{job=~${JSON.stringify(pattern)}}`;
}
