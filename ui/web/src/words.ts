// Amounts, states and verdicts in words.

import type { Outcome, Run, RunRef, Verdict } from './runs_api';

export function durationWords(ms: number | undefined): string {
  if (ms === undefined || ms < 0) return '';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const pair = (whole: number, unit: string, part: number, partUnit: string): string =>
    `${whole} ${unit}${part > 0 ? ` ${part} ${partUnit}` : ''}`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  if (seconds < 86_400)
    return pair(Math.floor(seconds / 3600), 'h', Math.floor(seconds / 60) % 60, 'min');
  return pair(Math.floor(seconds / 86_400), 'd', Math.floor(seconds / 3600) % 24, 'h');
}

export const amount = (n: number, what: string): string =>
  `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;

export function sizeWords(bytes: number | undefined): string {
  if (bytes === undefined || bytes < 0) return '';
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

// "5 min ago", "in 3 h"; one unit is enough to know where one is.
export function agoWords(iso: string | undefined, nowMs: number): string {
  const at = iso === undefined ? NaN : Date.parse(iso);
  if (Number.isNaN(at)) return '';
  const seconds = Math.round(Math.abs(nowMs - at) / 1000);
  const [amount, unit] =
    seconds < 60
      ? [seconds, 's']
      : seconds < 5400
        ? [Math.round(seconds / 60), 'min']
        : seconds < 129_600
          ? [Math.round(seconds / 3600), 'h']
          : [Math.round(seconds / 86_400), 'days'];
  return at > nowMs ? `in ${amount} ${unit}` : `${amount} ${unit} ago`;
}

export function confidenceWords(share: number | undefined): string {
  const percent = Math.round((share ?? 0) * 100);
  if (percent >= 90) return 'almost certain';
  if (percent >= 70) return 'likely';
  if (percent >= 40) return 'possible';
  return 'a guess';
}

// A sign beside the colour and the word, so that none of them is needed alone.
export const signs: Record<Outcome, string> = {
  succeeded: '✓',
  failed: '✗',
  suspect: '!',
  lost: '✗',
  missed: '∅',
  skipped: '»',
  running: '…',
  ended: '?',
  unknown: '?',
};

export const isTrouble = (outcome: string): boolean =>
  outcome === 'failed' || outcome === 'suspect' || outcome === 'lost' || outcome === 'missed';

// How a run ended; '' where nothing is known.
export function endingWords(run: Run): string {
  if (run.timed_out === true || run.timed_out === 1) return 'ended at its deadline';
  if (run.signal !== undefined && run.signal > 0) {
    const killed = `killed by ${run.signal_name ?? `signal ${run.signal}`}`;
    return (run.oom_kills ?? 0) > 0 ? `${killed} at its memory limit` : killed;
  }
  if (run.exit_code !== undefined) return `exit code ${run.exit_code}`;
  return run.reason ?? '';
}

// `runLines`: how many its run wrote, where that is known.
export function causeWords({ class: cause, confidence, lines }: Verdict, runLines = -1): string {
  if (!cause) return '';
  if (cause === 'unknown') {
    if (lines?.length) return 'Unknown: nothing proves one. These lines are the most telling.';
    return runLines === 0 ? 'Unknown: it wrote no lines.' : 'Unknown: nothing proves one.';
  }
  return `${cause}, ${confidenceWords(confidence)} (${Math.round((confidence ?? 0) * 100)} %)`;
}

export function runWords({ run, started }: RunRef): string {
  return started ? `${started} (run ${run})` : `run ${run}`;
}

// The verdict as text to paste into a ticket or a chat.
export function verdictText(run: Run, verdict: Verdict, link: string): string {
  const cited = new Set((verdict.lines ?? []).slice(0, 4).map(({ n }) => n));
  const context = verdict.excerpt_lines?.length ? verdict.excerpt_lines : (verdict.lines ?? []);
  const width = String(context.reduce((most, { n }) => Math.max(most, n), 0)).length;
  const cause = causeWords(verdict, run.lines);
  return [
    `${run.tool}/${run.job} ${verdict.outcome}${verdict.headline ? `: ${verdict.headline}` : ''}`,
    `Run ${[run.id, run.started, endingWords(run)].filter(Boolean).join(', ')}`,
    ...(cause ? [`Cause: ${cause}`] : []),
    ...(verdict.failing_since ? [`Failing since ${runWords(verdict.failing_since)}`] : []),
    ...(verdict.last_good ? [`Last good: ${runWords(verdict.last_good)}`] : []),
    ...(context.length > 0 ? [''] : []),
    ...context.map(
      ({ n, text }) => `${cited.has(n) ? '>' : ' '} ${String(n).padStart(width)}  ${text}`,
    ),
    '',
    link,
    '',
  ].join('\n');
}
