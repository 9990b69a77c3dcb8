// A run beside the last good one: lines of a kind that one has and the other does not.

import { useState } from 'preact/hooks';
import { plainText } from './ansi';
import { Trouble } from './api';
import { runAddress } from './route';
import { type Comparison, fetchComparison, type NumberedLine } from './runs_api';

// Asked for when it is opened: the server reads both logs for it.
export function Compare({ id }: { id: string }) {
  const [answer, setAnswer] = useState<Comparison | Trouble>();
  const [asked, setAsked] = useState(false);
  const open = (event: Event): void => {
    if (!(event.currentTarget as HTMLDetailsElement).open || asked) return;
    setAsked(true);
    fetchComparison(id, new AbortController().signal).then(setAnswer, (error: unknown) =>
      setAnswer(error instanceof Trouble ? error : new Trouble(String(error), '')),
    );
  };
  return (
    <details class="compare" onToggle={open}>
      <summary>Compare with the last good run</summary>
      {answer === undefined ? (
        <p role="status">Comparing…</p>
      ) : answer instanceof Trouble ? (
        <p class="said">
          {answer.message} {answer.remedy}
        </p>
      ) : (
        <Differences comparison={answer} />
      )}
    </details>
  );
}

function Differences({ comparison }: { comparison: Comparison }) {
  const { good, new: fresh, missing } = comparison;
  if (!good) return <p>There is no good run that is still kept.</p>;
  return (
    <>
      <p>
        With <a href={runAddress(good.id)}>run {good.id}</a>. Dates, numbers and ids do not count as
        a difference.
      </p>
      <Side sign="+" name="Only in this run" lines={fresh} />
      <Side sign="−" name="Only in the good run" lines={missing} />
    </>
  );
}

function Side(props: { sign: string; name: string; lines: (NumberedLine & { count?: number })[] }) {
  return (
    <>
      <h3>{props.name}</h3>
      {props.lines.length === 0 ? (
        <p>Nothing.</p>
      ) : (
        <div class="log" role="region" aria-label={props.name} tabIndex={0}>
          {props.lines.map(({ n, text, count }) => (
            <p key={n} class={props.sign === '+' ? 'entry added' : 'entry removed'} dir="ltr">
              <span class="number">
                {props.sign} {n}
              </span>
              <span class="text">
                {plainText(text)}
                {(count ?? 1) > 1 && <i class="rest"> and {count! - 1} more like it</i>}
              </span>
            </p>
          ))}
        </div>
      )}
    </>
  );
}
