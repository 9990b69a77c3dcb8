// A run: what became of it and why, with the lines that prove it.

import { useEffect, useState } from 'preact/hooks';
import { parseAnsi } from './ansi';
import { useAnswer } from './answer';
import { CurveChart, curvesOf } from './chart';
import { Compare } from './compare';
import { groupLines, type Group, withNeighbours } from './frames';
import { lastTool } from './preferences';
import { allTools, homeAddress, jobAddress, runAddress } from './route';
import {
  fetchLastLines,
  fetchRun,
  fetchVerdict,
  type NumberedLine,
  type RunDetail,
  type RunRef,
  type Verdict,
} from './runs_api';
import { Command, CopyButton, Facts, Failed, Moment, RunLink, Shell, State, Waiting } from './shell';
import { causeWords, durationWords, endingWords, isTrouble, sizeWords, verdictText } from './words';

const runningMs = 2000;
const lastLines = 30;
const bestLines = 4; // of the cited lines these are marked
const unknownRun = [400, 404]; // statuses: no run has such an id, and none this one

async function fetchWhole(id: string, signal: AbortSignal): Promise<RunDetail> {
  const run = await fetchRun(id, signal);
  // A run that has just ended is being judged: this question waits for it.
  if (run.outcome !== 'running' && !run.verdict)
    run.verdict = await fetchVerdict(id, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return null;
    });
  return run;
}

export function RunPage({ id }: { id: string }) {
  const { value, trouble, again } = useAnswer(
    id,
    (signal) => fetchWhole(id, signal),
    // A lost run may still turn out to have ended.
    (run) => (run.outcome === 'running' ? runningMs : run.outcome === 'lost' ? 30_000 : 0),
  );
  return (
    <Shell
      title={value ? `${value.job} ${value.outcome}` : id}
      tool={value?.tool ?? (trouble ? lastTool.value : '')}
    >
      {value ? (
        <Contents run={value} />
      ) : trouble && unknownRun.includes(trouble.status) ? (
        <NoRun id={id} />
      ) : trouble ? (
        <Failed trouble={trouble} again={again} />
      ) : (
        <Waiting />
      )}
    </Shell>
  );
}

// Whose it was is not known: the ways on lead to the reader's own tool, and to all of them.
const NoRun = ({ id }: { id: string }) => (
  <section class="empty" role="alert">
    <h1>There is no run “{id}”</h1>
    <p>This run is not kept any more, or its id is wrong.</p>
    <p class="actions">
      <a class="button" href={homeAddress(lastTool.value)}>
        The jobs of {lastTool.value}
      </a>
      <a class="button" href={homeAddress(allTools)}>
        Look at all tools
      </a>
    </p>
  </section>
);

function Contents({ run }: { run: RunDetail }) {
  const verdict = run.verdict ?? { outcome: run.outcome };
  const outcome = verdict.outcome ?? run.outcome;
  const context = verdict.excerpt_lines?.length ? verdict.excerpt_lines : (verdict.lines ?? []);
  return (
    <>
      <p class="crumbs">
        {run.tool} / <a href={jobAddress(run.tool, run.job)}>{run.job}</a>
      </p>
      <div class="title" role="status">
        <h1>
          {run.job} <State outcome={outcome} large />
        </h1>
      </div>
      <p class="quiet">
        {[durationWords(run.wall_ms), outcome === 'running' ? '' : endingWords(run)]
          .filter((words) => words !== '')
          .map((words) => `${words} · `)}
        <Moment at={run.started} />
      </p>
      {verdict.headline && <p class="headline sentence">{verdict.headline}</p>}
      {verdict.complete === false && (
        <p class="stale">Some lines of this run had not arrived when it was judged.</p>
      )}
      {isTrouble(outcome) && <Cause run={run} verdict={verdict} />}
      {context.length > 0 ? (
        <>
          <h2>What the log says</h2>
          <Lines lines={context} cited={verdict.lines ?? []} />
        </>
      ) : (
        <LastLines run={run} />
      )}
      <p class="actions">
        <a class="button" href={linesAddress(run)}>
          All lines of this run
        </a>
        <CopyButton
          label="Copy as text"
          text={() => verdictText(run, verdict, `${location.origin}${runAddress(run.id)}`)}
        />
      </p>
      <History run={run} verdict={verdict} />
      {isTrouble(outcome) && (verdict.last_good ?? run.last_good) && <Compare id={run.id} />}
      <Resources run={run} />
      <About run={run} />
      <h2>In a terminal</h2>
      <Command text={`logs why ${run.id}`} />
    </>
  );
}

function Cause({ run, verdict }: { run: RunDetail; verdict: Verdict }) {
  const evidence = verdict.evidence ?? [];
  const slots = Object.entries(verdict.slots ?? {});
  return (
    <section class="cause" aria-labelledby="cause">
      <h2 id="cause">Cause</h2>
      <p class="class">{causeWords(verdict, run.lines) || 'Unknown.'}</p>
      {verdict.class !== 'unknown' && verdict.confidence !== undefined && (
        <meter
          class="confidence"
          min={0}
          max={1}
          value={verdict.confidence}
          aria-label="Confidence"
        >
          {Math.round(verdict.confidence * 100)} %
        </meter>
      )}
      {slots.length > 0 && (
        <Facts facts={slots.map(([name, value]) => [name, <code>{value}</code>])} />
      )}
      {evidence.length > 0 && (
        <>
          <h3>Why we think so</h3>
          <ol class="evidence">
            {evidence.map(({ text, line }, index) => (
              <li key={index}>
                {text}
                {line ? (
                  <>
                    {' '}
                    <a href={`#line-${line}`}>line {line}</a>
                  </>
                ) : null}
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

// Numbered, the cited ones marked, frames of libraries folded until they are asked for.
function Lines({ lines, cited }: { lines: NumberedLine[]; cited: NumberedLine[] }) {
  const best = cited.slice(0, bestLines);
  const marked = new Set(best.map(({ n }) => n));
  // A frame that is cited beside the best line may be folded with its neighbours.
  const kept = new Set(cited.slice(0, 1).map(({ n }) => n));
  const { block, elsewhere } = withNeighbours(lines, best);
  const show = (group: Group) => (
    <LineGroup key={group.lines[0]!.n} group={group} marked={marked} best={cited[0]?.n} />
  );
  return (
    <div class="log" role="region" aria-label="Lines of the run" tabIndex={0}>
      {groupLines(block, kept).map(show)}
      {elsewhere.length > 0 && <p class="gap">Elsewhere in the run</p>}
      {groupLines(elsewhere, marked).map(show)}
    </div>
  );
}

function LineGroup({ group, marked, best }: { group: Group; marked: Set<number>; best?: number }) {
  const rows = group.lines.map((line) => (
    <NumberedRow key={line.n} line={line} marked={marked.has(line.n)} best={line.n === best} />
  ));
  return (
    <>
      {group.gap && (
        <p class="gap" aria-label="Lines left out">
          ⋯
        </p>
      )}
      {group.folded ? (
        <details class="frames">
          <summary>{group.lines.length} lines of library frames</summary>
          {rows}
        </details>
      ) : (
        rows
      )}
    </>
  );
}

function NumberedRow({
  line,
  marked,
  best,
}: {
  line: NumberedLine;
  marked: boolean;
  best: boolean;
}) {
  return (
    <p
      id={`line-${line.n}`}
      class={`entry${marked ? ' cited' : ''}${best ? ' best' : ''}`}
      dir="ltr"
    >
      <span class="number">
        {marked && <span class="hidden">{best ? 'the line that says it best: ' : 'cited: '}</span>}
        <span aria-hidden="true">{best ? '▶ ' : ''}</span>
        {line.n}
      </span>
      <span class="text">
        {parseAnsi(line.text).map(({ text, className }, index) =>
          className === '' ? (
            text
          ) : (
            <span key={index} class={className}>
              {text}
            </span>
          ),
        )}
      </span>
    </p>
  );
}

// Of a run that has no cause to show: what it said last.
function LastLines({ run }: { run: RunDetail }) {
  const [lines, setLines] = useState<NumberedLine[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    // The rest of the page stands without them.
    fetchLastLines(run.id, lastLines, stop.signal).then(setLines, () => undefined);
    return () => stop.abort();
  }, [run]);
  if (lines.length === 0) return null;
  return (
    <>
      <h2>Its last lines</h2>
      <Lines lines={lines} cited={[]} />
    </>
  );
}

function History({ run, verdict }: { run: RunDetail; verdict: Verdict }) {
  const link = (ref: RunRef | null | undefined) =>
    ref && (ref.run === run.id ? 'this run' : <RunLink {...ref} />);
  const other = run.other ? { run: run.other } : undefined;
  return (
    <Facts
      facts={[
        ['Failing since', link(verdict.failing_since ?? run.failing_since)],
        ['In a row', (verdict.failures ?? 0) > 1 ? `${verdict.failures}` : ''],
        ['Last good run', link(verdict.last_good ?? run.last_good)],
        ['Seen before', verdict.first_seen?.run !== run.id && link(verdict.first_seen)],
        ['Came late as', run.outcome === 'missed' ? link(other) : ''],
        ['Found still alive', run.outcome === 'skipped' ? link(other) : ''],
      ].map(([name, value]) => [name as string, value || ''])}
    />
  );
}

function Resources({ run }: { run: RunDetail }) {
  const curves = curvesOf(run.samples ?? [], run.started, run.memory_limit_bytes);
  const facts: [string, string][] = [
    ['Time', durationWords(run.wall_ms)],
    ['CPU', durationWords(run.cpu_ms)],
    ['Memory at most', sizeWords(run.peak_bytes)],
    ['Memory limit', (run.memory_limit_bytes ?? 0) > 0 ? sizeWords(run.memory_limit_bytes) : ''],
    ['Read', sizeWords(run.read_bytes)],
    ['Written', sizeWords(run.written_bytes)],
    ['Lines', run.lines === undefined ? '' : run.lines.toLocaleString('en')],
    ['Output not kept', (run.lost_bytes ?? 0) > 0 ? sizeWords(run.lost_bytes) : ''],
    ['Silent at its end for', (run.quiet_ms ?? 0) >= 60_000 ? durationWords(run.quiet_ms) : ''],
  ];
  if (facts.every(([, value]) => value === '') && curves.length === 0) return null;
  return (
    <section aria-labelledby="resources">
      <h2 id="resources">What it took</h2>
      <Facts facts={facts} />
      {curves.length > 0 && (
        <div class="charts">
          {curves.map((curve) => (
            <CurveChart key={curve.name} {...curve} />
          ))}
        </div>
      )}
    </section>
  );
}

function About({ run }: { run: RunDetail }) {
  return (
    <section aria-labelledby="about">
      <h2 id="about">About this run</h2>
      <Facts
        facts={[
          ['Run', <code>{run.id}</code>],
          ['Ended with', run.outcome === 'running' ? '' : endingWords(run)],
          ['Started', run.started && <Moment at={run.started} exact />],
          ['Ended', run.ended && <Moment at={run.ended} exact />],
          ['Started by', run.trigger === 'command' ? 'logs run' : run.trigger],
          ['Command', run.command && <code>{run.command}</code>],
          ['Node', run.node],
          ['Pod', run.pod],
          ['Container', run.container],
          ['User', run.user],
          ['The runtime says', run.reason],
        ]}
      />
    </section>
  );
}

// The search page with this run's lines alone, a little time around it since clocks differ.
export function linesAddress(run: RunDetail): string {
  const quoted = (text: string): string => JSON.stringify(text);
  const params = new URLSearchParams({
    tool: run.tool,
    q: `{job=${quoted(run.job)}, run=${quoted(run.id)}}`,
  });
  const from = Date.parse(run.started ?? '');
  const to = run.ended ? Date.parse(run.ended) : Date.now();
  if (!Number.isNaN(from) && !Number.isNaN(to)) {
    const second = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
    params.set('from', second(from - 60_000));
    params.set('to', second(to + 60_000));
  }
  return `/search?${params}`;
}
