// Which page an address names.
//
//   /                      the jobs of a tool, those in trouble first
//   /search?...            lines: what location.ts says
//   /jobs/TOOL/JOB         a job and its runs; a slash in a job's name may stand as it is
//   /runs/ID               a run and why it failed

export type Route =
  | { page: 'home'; tool: string }
  | { page: 'search' }
  | { page: 'job'; tool: string; job: string }
  | { page: 'run'; id: string }
  | { page: 'nowhere' };

export const allTools = '*';

// Searches used to live at "/": their links go on working.
const searchNames = ['q', 'job', 'range', 'from', 'to', 'at', 'line', 'follow'];

export function routeOf(path: string, query: string, defaultTool: string): Route {
  const params = new URLSearchParams(query);
  const parts = path.split('/').slice(1);
  if (path === '/' || path === '/index.html') {
    if (searchNames.some((name) => params.has(name))) return { page: 'search' };
    return { page: 'home', tool: params.get('tool') || defaultTool };
  }
  if (path === '/search') return { page: 'search' };
  if (parts[0] === 'runs' && parts.length === 2 && /^[A-Za-z0-9_-]{1,40}$/.test(parts[1]!))
    return { page: 'run', id: parts[1]! };
  if (parts[0] === 'jobs' && parts.length >= 3) {
    const tool = decoded(parts[1]!);
    const job = decoded(parts.slice(2).join('/'));
    if (tool && job) return { page: 'job', tool, job };
  }
  return { page: 'nowhere' };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

export const homeAddress = (tool: string): string => `/?${new URLSearchParams({ tool })}`;
export const runAddress = (id: string): string => `/runs/${encodeURIComponent(id)}`;
export const jobAddress = (tool: string, job: string): string =>
  `/jobs/${encodeURIComponent(tool)}/${encodeURIComponent(job)}`;
