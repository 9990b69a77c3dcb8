// A job: how it is, what its runs were like, what they take.

import { useAnswer } from './answer';
import { Trouble } from './api';
import { RunBars } from './chart';
import { runAddress } from './route';
import {
  fetchJobList,
  fetchRuns,
  fetchUsage,
  type Job,
  type Run,
  type Spread,
  type Usage,
} from './runs_api';
import { Command, Facts, Failed, Moment, RunLink, Shell, State, Waiting } from './shell';
import { amount, durationWords, endingWords, isTrouble, sizeWords } from './words';

const runsShown = 50;
const refreshMs = 5000;

interface JobAnswer {
  job?: Job;
  runs: Run[];
  usage?: Usage;
}

async function fetchAll(tool: string, name: string, signal: AbortSignal): Promise<JobAnswer> {
  // A job that never ran has no runs and takes nothing.
  const orNothing = <T, N>(answer: Promise<T>, nothing: N): Promise<T | N> =>
    answer.catch((error: unknown) => {
      if (error instanceof Trouble && error.status === 404) return nothing;
      throw error;
    });
  const [jobs, runs, usage] = await Promise.all([
    fetchJobList(tool, signal),
    orNothing(fetchRuns(tool, name, runsShown, signal), []),
    orNothing(fetchUsage(tool, name, signal), undefined),
  ]);
  return { job: jobs.find(({ job }) => job === name), runs, usage };
}

export function JobPage({ tool, job }: { tool: string; job: string }) {
  const { value, trouble, again } = useAnswer(
    `${tool}/${job}`,
    (signal) => fetchAll(tool, job, signal),
    () => refreshMs,
  );
  return (
    <Shell title={job} tool={tool}>
      {value ? (
        <Contents tool={tool} name={job} {...value} />
      ) : trouble ? (
        <Failed trouble={trouble} again={again} />
      ) : (
        <Waiting />
      )}
    </Shell>
  );
}

function Contents({ tool, name, job, runs, usage }: JobAnswer & { tool: string; name: string }) {
  if (!job && runs.length === 0)
    return (
      <section class="empty">
        <h1>
          “{tool}” has no job “{name}”
        </h1>
        <p>It has not run since the oldest run that is kept, or its name is another one.</p>
        <p class="actions">
          <a class="button" href={`/?tool=${encodeURIComponent(tool)}`}>
            All jobs of {tool}
          </a>
        </p>
      </section>
    );
  const outcome = job?.outcome ?? runs[0]!.outcome;
  const last = job?.last ?? runs[0];
  const search = new URLSearchParams({ tool, job: name, range: '24h' });
  return (
    <>
      <p class="crumbs">{tool}</p>
      <div class="title">
        <h1>{name}</h1>
        <State outcome={outcome} large />
      </div>
      {last && isTrouble(outcome) && last.headline && (
        <p class="headline">
          <a href={runAddress(last.id)}>{last.headline}</a>
        </p>
      )}
      <Facts
        facts={[
          [
            'Failing since',
            job?.failing_since && (
              <RunLink {...job.failing_since} />
            ),
          ],
          ['In a row', (job?.failures ?? 0) > 1 ? `${job!.failures} failures` : ''],
          [
            'Last good run',
            last?.last_good && <RunLink {...last.last_good} />,
          ],
          [
            'Schedule',
            job?.schedule && <code>{`${job.schedule}${job.zone ? ` ${job.zone}` : ''}`}</code>,
          ],
          ['Next', job?.next && <Moment at={job.next} />],
          ['Lines', <a href={`/search?${search}`}>what it writes</a>],
        ]}
      />
      {runs.length > 1 && (
        <section class="charts" aria-label="Recent runs at a glance">
          <figure>
            <figcaption>Time</figcaption>
            <RunBars
              runs={runs}
              value={({ wall_ms }) => wall_ms}
              words={durationWords}
              name="Time"
            />
          </figure>
          {runs.some(({ peak_bytes }) => peak_bytes !== undefined) && (
            <figure>
              <figcaption>Memory</figcaption>
              <RunBars
                runs={runs}
                value={({ peak_bytes }) => peak_bytes}
                words={sizeWords}
                name="Memory"
              />
            </figure>
          )}
        </section>
      )}
      <h2>Runs</h2>
      <RunTable runs={runs} />
      {usage && usage.runs > 0 && <UsageTable usage={usage} />}
      {/* Of a run that still runs there is nothing to tell yet. */}
      {runs.some(({ ended }) => ended !== undefined) && (
        <>
          <h2>In a terminal</h2>
          <Command text={`logs why ${tool}/${name}`} />
        </>
      )}
    </>
  );
}

function RunTable({ runs }: { runs: Run[] }) {
  return (
    <div class="table" role="region" aria-label="Runs" tabIndex={0}>
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Outcome</th>
            <th scope="col">Started</th>
            <th scope="col">Took</th>
            <th scope="col">Memory</th>
            <th scope="col">Ended with</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <th scope="row">
                <a href={runAddress(run.id)}>{run.id}</a>
              </th>
              <td>
                <State outcome={run.outcome} />
              </td>
              <td>
                <Moment at={run.started} exact />
              </td>
              <td class="detail">{durationWords(run.wall_ms)}</td>
              <td class="detail">{sizeWords(run.peak_bytes)}</td>
              <td class="detail">{endingWords(run)}</td>
              <td class="wide">
                {isTrouble(run.outcome) || run.outcome === 'skipped' ? run.headline : ''}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function UsageTable({ usage }: { usage: Usage }) {
  const row = (name: string, spread: Spread | undefined, words: (value?: number) => string) =>
    spread?.max !== undefined && (
      <tr>
        <th scope="row">{name}</th>
        <td>{words(spread.p50)}</td>
        <td>{words(spread.p95)}</td>
        <td>{words(spread.max)}</td>
      </tr>
    );
  return (
    <>
      <h2>What a run takes</h2>
      <div class="table" role="region" aria-label="What a run takes" tabIndex={0}>
        <table class="usage">
          <thead>
            <tr>
              <th scope="col">Of {amount(usage.runs, 'run')}</th>
              <th scope="col">Median</th>
              <th scope="col">95 %</th>
              <th scope="col">Most</th>
            </tr>
          </thead>
          <tbody>
            {row('Time', usage.wall_ms, durationWords)}
            {row('CPU', usage.cpu_ms, durationWords)}
            {row('Memory', usage.peak_bytes, sizeWords)}
          </tbody>
        </table>
      </div>
      <Facts
        facts={[
          ['Memory limit', sizeWords(usage.memory_limit_bytes)],
          ['Suggested memory', sizeWords(usage.suggested_memory_bytes)],
          [
            'Held back by its CPU limit',
            (usage.throttled_percent ?? 0) > 0 ? `${usage.throttled_percent} % of the time` : '',
          ],
        ]}
      />
    </>
  );
}
