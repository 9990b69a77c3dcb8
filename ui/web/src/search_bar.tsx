// Tool, the one search box, time range, search, follow.

import { computed, signal, useSignalEffect } from '@preact/signals';
import { zone } from './preferences';
import { describe, parseSearch } from './search';
import { change, setFollow, tailStatus, tools, view } from './session';
import { Pages } from './shell';
import { fromInput, nsOfMs, type Range, spans, startOf, toInput } from './time';

const draft = signal(view.value.text);
const choosingBetween = signal(view.value.range.kind === 'between');
// Apart from the view, so that following and the like do not undo what is being typed.
const searched = computed(() => view.value.text);
const range = computed(() => view.value.range);

export function SearchBar() {
  useSignalEffect(() => {
    draft.value = searched.value;
  });
  useSignalEffect(() => {
    choosingBetween.value = range.value.kind === 'between';
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    change({ text: draft.value.trim() });
  };
  return (
    <form class="bar" role="search" onSubmit={submit}>
      <div class="lead">
        <h1>
          <a class="brand" href="/" aria-label="Logboom, start page">
            <img src="/favicon.svg" alt="" width="28" height="28" />
            <span>Logboom</span>
          </a>
        </h1>
        <Pages tool={view.value.tool} here="search" />
      </div>
      <ToolPicker />
      <div class="box">
        <SearchIcon />
        <label class="hidden" for="search">
          Search
        </label>
        <input
          id="search"
          type="search"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={8000}
          placeholder="Search, e.g. timeout -debug"
          aria-describedby="hint"
          value={draft}
          onInput={(event) => (draft.value = event.currentTarget.value)}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <RangePicker />
      <button class="primary" type="submit">
        Search
      </button>
      <FollowButton />
      <p id="hint" class="hint">
        {describe(parseSearch(draft.value))}
        {draft.value.trim() !== view.value.text.trim() && <b> Press Enter to search.</b>}
      </p>
      {choosingBetween.value && <Between />}
    </form>
  );
}

function ToolPicker() {
  return (
    <label class="field tool">
      <span>Tool</span>
      <input
        list="tools"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxLength={63}
        value={view.value.tool}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => {
          const tool = event.currentTarget.value.trim() || 'local';
          if (tool !== view.value.tool) change({ tool, jobs: [] });
        }}
      />
      <datalist id="tools">
        {tools.value.map((tool) => (
          <option key={tool} value={tool} />
        ))}
      </datalist>
    </label>
  );
}

function RangePicker() {
  const { range, at } = view.value;
  const value = choosingBetween.value
    ? 'between'
    : at
      ? 'at'
      : range.kind === 'last'
        ? range.name
        : 'between';
  const choose = (name: string): void => {
    if (name === 'at') return;
    choosingBetween.value = name === 'between';
    if (name !== 'between') change({ range: { kind: 'last', name } });
  };
  return (
    <label class="field range">
      <span>Time</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {spans.map(({ name, label }) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
        {at && <option value="at">Around one line</option>}
        <option value="between">Between…</option>
      </select>
    </label>
  );
}

function Between() {
  const { range } = view.value;
  const now = nsOfMs(Date.now());
  const from = toInput(startOf(range, Date.now()), zone.value);
  const to = toInput(range.kind === 'between' ? range.to : now, zone.value);
  const apply = (event: Event): void => {
    const box = (event.currentTarget as HTMLElement).parentElement!;
    const [first, second] = [...box.querySelectorAll('input')];
    const begin = fromInput(first!.value, zone.value);
    const end = fromInput(second!.value, zone.value);
    second!.setCustomValidity(
      begin === undefined || end === undefined
        ? 'Give both times.'
        : begin >= end
          ? 'The second time must be later than the first.'
          : '',
    );
    if (!second!.reportValidity()) return;
    change({ range: { kind: 'between', from: begin!, to: end! } satisfies Range, follow: false });
  };
  const zoneName = zone.value === 'utc' ? 'UTC' : 'local time';
  return (
    <fieldset class="between">
      <legend class="hidden">Between two times</legend>
      <label class="field">
        <span>From ({zoneName})</span>
        <input type="datetime-local" step="1" value={from} />
      </label>
      <label class="field">
        <span>To ({zoneName})</span>
        <input
          type="datetime-local"
          step="1"
          value={to}
          onInput={(event) => event.currentTarget.setCustomValidity('')}
        />
      </label>
      <button type="button" onClick={apply}>
        Show these times
      </button>
    </fieldset>
  );
}

function FollowButton() {
  const on = tailStatus.value !== undefined;
  return (
    <button
      type="button"
      class={on ? 'follow on' : 'follow'}
      aria-pressed={on}
      aria-keyshortcuts="f"
      title="Show new lines as they arrive (f)"
      onClick={() => setFollow(!on)}
    >
      <span class="dot" aria-hidden="true" />
      Follow
    </button>
  );
}

const SearchIcon = () => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="7" cy="7" r="4.5" />
    <path d="m10.500 10.500 4 4" />
  </svg>
);
