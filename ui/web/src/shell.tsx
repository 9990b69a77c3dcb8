// What the pages about jobs and runs share: the frame, states, commands to copy, trouble.

import { type ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { fetchTools, Trouble } from './api';
import { copy } from './copy';
import { lastTool, zone } from './preferences';
import { allTools, homeAddress, runAddress } from './route';
import type { Outcome, RunRef } from './runs_api';
import { fromAddress, toInput } from './time';
import { agoWords, signs } from './words';

export function Shell(props: {
  title: string;
  tool: string;
  home?: boolean;
  children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${props.title} · Logboom`;
  }, [props.title]);
  return (
    <>
      <header class="top">
        <a class="brand" href={homeAddress(props.tool)} aria-label="Logboom, jobs">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <span>Logboom</span>
        </a>
        <Pages tool={props.tool} here={props.home ? 'jobs' : undefined} />
        <ToolPicker tool={props.tool} />
      </header>
      <main class="sheet">{props.children}</main>
    </>
  );
}

export function Pages({ tool, here }: { tool: string; here?: 'jobs' | 'search' }) {
  const search = new URLSearchParams(tool === allTools ? {} : { tool });
  return (
    <nav class="pages" aria-label="Pages">
      <a href={homeAddress(tool)} aria-current={here === 'jobs' ? 'page' : undefined}>
        Jobs
      </a>
      <a href={`/search?${search}`} aria-current={here === 'search' ? 'page' : undefined}>
        Search
      </a>
    </nav>
  );
}

function ToolPicker({ tool }: { tool: string }) {
  const [tools, setTools] = useState<string[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    fetchTools(stop.signal).then(setTools, () => setTools([]));
    return () => stop.abort();
  }, []);
  const go = (name: string): void => {
    if (name === '' || name === tool) return;
    if (name !== allTools) lastTool.value = name;
    location.assign(homeAddress(name));
  };
  const names = [
    ...new Set([...tools, ...(tool === allTools || tool === '' ? [] : [tool])]),
  ].sort();
  return (
    <label class="field tool">
      <span>Tool</span>
      <select value={tool} onChange={(event) => go(event.currentTarget.value)}>
        {tool === '' && <option value="">…</option>}
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        <option value={allTools}>All tools</option>
      </select>
    </label>
  );
}

export const State = ({ outcome, large }: { outcome: Outcome; large?: boolean }) => (
  <span class={`outcome ${outcome}${large ? ' large' : ''}`}>
    <span class="sign" aria-hidden="true">
      {signs[outcome] ?? '?'}
    </span>
    {outcome}
  </span>
);

// A moment as people say it, exactly on hovering and for machines.
export function Moment({ at, exact }: { at?: string; exact?: boolean }) {
  const ns = fromAddress(at ?? '');
  if (at === undefined || ns === undefined) return null;
  const full = `${toInput(ns, zone.value).replace('T', ' ')}${zone.value === 'utc' ? ' UTC' : ''}`;
  const ago = agoWords(at, Date.now());
  return (
    <time dateTime={at} title={exact ? ago : full}>
      {exact ? full : ago}
    </time>
  );
}

// When it was, and the way there.
export function RunLink({ run, started }: RunRef) {
  return (
    <a href={runAddress(run)}>
      {started && (
        <>
          <Moment at={started} />{' '}
        </>
      )}
      {started ? `(run ${run})` : `run ${run}`}
    </a>
  );
}

export function CopyButton({ text, label }: { text: () => string; label: string }) {
  const [done, setDone] = useState('');
  return (
    <>
      <button
        type="button"
        onClick={async () =>
          setDone((await copy(text())) ? 'Copied.' : 'Copying is not allowed here.')
        }
      >
        {label}
      </button>
      <span class="copied" role="status">
        {done}
      </span>
    </>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <p class="command">
      <code>{text}</code>
      <CopyButton text={() => text} label="Copy" />
    </p>
  );
}

export function Failed({ trouble, again }: { trouble: Trouble; again: () => void }) {
  return (
    <section class="empty" role="alert">
      <h1>That did not work</h1>
      <p class="said">{trouble.message}</p>
      <p>{trouble.remedy}</p>
      <p class="actions">
        <button type="button" class="primary" onClick={again}>
          Try again
        </button>
      </p>
    </section>
  );
}

export const Waiting = () => (
  <p class="waiting" role="status">
    Loading…
  </p>
);

export function Facts({ facts }: { facts: [string, ComponentChildren][] }) {
  const known = facts.filter(([, value]) => value !== undefined && value !== '' && value !== null);
  return (
    <dl class="facts">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
