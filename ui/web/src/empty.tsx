// When there are no lines: what that means, and what to do next.

import { copy } from './copy';
import { zone } from './preferences';
import { describe, parseSearch } from './search';
import { change, firstEver, load, say, tailStatus, trouble, view } from './session';
import { rangeInWords, spans } from './time';

export function Empty() {
  if (trouble.value) return <Failed />;
  if (firstEver.value) return <FirstLine />;
  return <NothingFound />;
}

function Failed() {
  const { message, remedy } = trouble.value!;
  return (
    <section class="empty" role="alert">
      <h2>That did not work</h2>
      <p class="said">{message}</p>
      <p>{remedy}</p>
      <p class="actions">
        <button type="button" class="primary" onClick={() => void load()}>
          Try again
        </button>
      </p>
    </section>
  );
}

// A command for the reader's own set-up: names the server and tool only where they are not what
// `logs` takes by itself.
function sendCommand(): string {
  const { tool } = view.value;
  const server = location.origin === 'http://127.0.0.1:3100' ? '' : `LOGS_URL=${location.origin} `;
  return `echo hello | ${server}logs send${tool === 'local' ? '' : ` --tool ${tool}`}`;
}

function FirstLine() {
  return (
    <section class="empty">
      <h2>Waiting for the first line of “{view.value.tool}”</h2>
      <p>Nothing is stored for this tool yet. Send it a line from a terminal:</p>
      <Command text={sendCommand()} />
      <p>
        It appears here by itself
        {tailStatus.value?.kind === 'live' ? '; this page is listening' : ''}.
      </p>
      <p>To gather what all containers of a machine write, run there:</p>
      <Command text={`logboom collect --server ${location.origin}`} />
      <p class="aside">Wrong tool? Choose another one at the top.</p>
    </section>
  );
}

function Command({ text }: { text: string }) {
  return (
    <p class="command">
      <code>{text}</code>
      <button
        type="button"
        aria-label="Copy this command"
        onClick={async () =>
          say((await copy(text)) ? 'Command copied.' : 'The browser does not let this page copy.')
        }
      >
        Copy
      </button>
    </p>
  );
}

function NothingFound() {
  const { range, text, jobs, at } = view.value;
  const search = parseSearch(text);
  const place = spans.findIndex((span) => range.kind === 'last' && span.name === range.name);
  const wider = place < 0 ? [] : spans.slice(place + 1).slice(0, 3);
  if (at)
    return (
      <section class="empty">
        <h2>That line is not stored any more</h2>
        <p>Lines are kept for a limited time. The link is right, but it has outlived its line.</p>
      </section>
    );
  return (
    <section class="empty">
      <h2>
        {search.kind === 'everything' ? 'No lines' : 'No line matches'}{' '}
        {rangeInWords(range, zone.value)}
      </h2>
      {search.kind === 'words' && <p>Searched for: {describe(search)}</p>}
      {jobs.length > 0 && search.kind !== 'logql' && <p>Only in the jobs: {jobs.join(', ')}.</p>}
      {tailStatus.value && <p>Following: a new line that matches appears here by itself.</p>}
      <p class="actions">
        {wider.map(({ name, label }) => (
          <button
            key={name}
            type="button"
            onClick={() => change({ range: { kind: 'last', name } })}
          >
            {label}
          </button>
        ))}
        {jobs.length > 0 && search.kind !== 'logql' && (
          <button type="button" onClick={() => change({ jobs: [] })}>
            In all jobs
          </button>
        )}
        {search.kind !== 'everything' && (
          <button type="button" onClick={() => change({ text: '' })}>
            Without the search
          </button>
        )}
      </p>
    </section>
  );
}
