// The tool's jobs as chips: pressed ones are shown, none pressed is all.

import { signal } from '@preact/signals';
import { parseSearch } from './search';
import { change, jobs, view } from './session';

const fewJobs = 8;
const all = signal(false);

export function Filters() {
  const chosen = view.value.jobs;
  const names = [...new Set([...chosen, ...jobs.value])];
  // LogQL chooses its own jobs, and one job alone is no choice.
  if (parseSearch(view.value.text).kind === 'logql' || names.length + chosen.length < 2)
    return null;
  const shown = all.value ? names : names.slice(0, Math.max(fewJobs, chosen.length));
  const toggle = (job: string): void =>
    change({
      jobs: chosen.includes(job) ? chosen.filter((name) => name !== job) : [...chosen, job],
    });
  return (
    <div class="filters" role="group" aria-label="Jobs">
      <button
        type="button"
        class="chip"
        aria-pressed={chosen.length === 0}
        onClick={() => change({ jobs: [] })}
      >
        All jobs
      </button>
      {shown.map((job) => (
        <button
          key={job}
          type="button"
          class="chip"
          aria-pressed={chosen.includes(job)}
          onClick={() => toggle(job)}
        >
          {job}
        </button>
      ))}
      {names.length > shown.length || all.value ? (
        <button
          type="button"
          class="chip more"
          aria-expanded={all.value}
          onClick={() => (all.value = !all.value)}
        >
          {all.value ? 'Fewer' : `${names.length - shown.length} more`}
        </button>
      ) : null}
    </div>
  );
}
