// The start page: a tool's jobs, those in trouble first.

import { RunBars } from './chart';
import { allTools, homeAddress, jobAddress, runAddress } from './route';
import { fetchJobList, type Job } from './runs_api';
import { Command, Failed, Moment, Shell, State, Waiting } from './shell';
import { useAnswer } from './answer';
import { durationWords } from './words';

const refreshMs = 5000;

export function Home({ tool }: { tool: string }) {
  const { value, trouble, again } = useAnswer(
    tool,
    (signal) => fetchJobList(tool, signal),
    () => refreshMs,
  );
  return (
    <Shell title={tool === allTools ? 'All tools' : tool} tool={tool} home>
      {value ? (
        <Jobs jobs={value} tool={tool} />
      ) : trouble ? (
        <Failed trouble={trouble} again={again} />
      ) : (
        <Waiting />
      )}
      {value && trouble && (
        <p class="stale" role="status">
          {trouble.message} What you see may be old.
        </p>
      )}
    </Shell>
  );
}

function Jobs({ jobs, tool }: { jobs: Job[]; tool: string }) {
  if (jobs.length === 0) return <NoJobs tool={tool} />;
  const bad = jobs.filter(({ trouble }) => trouble).length;
  const running = jobs.filter(({ last }) => last?.outcome === 'running').length;
  return (
    <>
      <h1>
        {bad === 0
          ? 'All is well'
          : bad === 1
            ? 'One job is in trouble'
            : `${bad} jobs are in trouble`}
      </h1>
      <p class="counts" role="status">
        {jobs.length === 1 ? '1 job' : `${jobs.length} jobs`}
        {bad > 0 && `, ${bad} in trouble`}
        {running > 0 && `, ${running} running now`}
      </p>
      <ul class="jobs">
        {jobs.map((job) => (
          <JobCard key={`${job.tool}/${job.job}`} job={job} withTool={tool === allTools} />
        ))}
      </ul>
    </>
  );
}

function JobCard({ job, withTool }: { job: Job; withTool: boolean }) {
  const { last, recent = [] } = job;
  const bad = job.trouble;
  // One that runs again is still in the trouble of the run before.
  const running = job.outcome === 'running';
  const ended = recent.find(({ outcome }) => outcome !== 'running' && outcome !== 'skipped');
  const failures = job.failures ?? 0;
  return (
    <li class={bad ? 'card bad' : 'card'}>
      <div class="what">
        <h2>
          <a href={jobAddress(job.tool, job.job)}>
            {withTool && <span class="of">{job.tool}/</span>}
            {job.job}
          </a>
        </h2>
        <State outcome={bad && running ? (ended?.outcome ?? 'failed') : job.outcome} />
        {bad && running && <State outcome="running" />}
      </div>
      <div class="why">
        {bad && last && (last.headline || (running && ended)) && (
          <p class="headline">
            <a href={runAddress(running && ended ? ended.id : last.id)}>
              {last.headline || 'Why the run before it went wrong'}
            </a>
          </p>
        )}
        <p class="quiet">
          {last && (
            <>
              Last run <Moment at={last.started} />
              {last.wall_ms !== undefined && `, took ${durationWords(last.wall_ms)}`}
            </>
          )}
          {bad && failures > 1 && (
            <>
              {' · '}
              {failures} times in a row
            </>
          )}
          {bad && job.failing_since && (
            <>
              {' · '}
              <a href={runAddress(job.failing_since.run)}>first failure</a>
            </>
          )}
        </p>
        {job.schedule && (
          <p class="quiet">
            <code>{job.schedule}</code>
            {job.zone && ` ${job.zone}`}
            {job.next && (
              <>
                {' · next '}
                <Moment at={job.next} />
              </>
            )}
          </p>
        )}
      </div>
      {recent.length > 0 && (
        <RunBars runs={recent} value={({ wall_ms }) => wall_ms} words={durationWords} name="Time" />
      )}
    </li>
  );
}

function NoJobs({ tool }: { tool: string }) {
  const named = tool === 'local' || tool === allTools ? '' : ` --tool ${tool}`;
  const server = location.origin === 'http://127.0.0.1:3100' ? '' : `LOGS_URL=${location.origin} `;
  return (
    <section class="empty">
      <h1>{tool === allTools ? 'No job has run yet' : `No job of “${tool}” has run yet`}</h1>
      <p>Run a command through Logboom, and it tells why when it fails:</p>
      <Command text={`${server}logs run${named} -- ls /nowhere`} />
      <p>A whole crontab does the same with this line at its top:</p>
      <Command text="SHELL=/usr/bin/logs-sh" />
      <p class="actions">
        <a
          class="button"
          href={tool === allTools ? '/search' : `/search?tool=${encodeURIComponent(tool)}`}
        >
          Search the lines
        </a>
        {tool !== allTools && (
          <a class="button" href={homeAddress(allTools)}>
            Look at all tools
          </a>
        )}
      </p>
    </section>
  );
}
