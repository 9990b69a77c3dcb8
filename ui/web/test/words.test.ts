import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Run, Verdict } from '../src/runs_api';
import {
  agoWords,
  amount,
  causeWords,
  confidenceWords,
  durationWords,
  endingWords,
  sizeWords,
  verdictText,
} from '../src/words';

const durations: [number | undefined, string][] = [
  [undefined, ''],
  [0, '0 ms'],
  [850, '850 ms'],
  [1000, '1.0 s'],
  [41_000, '41 s'],
  [125_000, '2 min 5 s'],
  [3_600_000, '1 h'],
  [11_520_000, '3 h 12 min'],
  [439_200_000, '5 d 2 h'],
];
for (const [ms, words] of durations) {
  test(`${ms} ms is '${words}'`, () => assert.equal(durationWords(ms), words));
}

const sizes: [number | undefined, string][] = [
  [undefined, ''],
  [512, '512 B'],
  [1536, '1.5 KiB'],
  [125_829_120, '120 MiB'],
  [5e15, '4547 TiB'],
];
for (const [bytes, words] of sizes) {
  test(`${bytes} bytes is '${words}'`, () => assert.equal(sizeWords(bytes), words));
}

test('one of a thing is told as one', () => {
  assert.equal(amount(1, 'run'), '1 run');
  assert.equal(amount(1200, 'run'), '1,200 runs');
});

test('moments are told from now on', () => {
  const now = Date.parse('2026-11-25T13:30:00Z');
  assert.equal(agoWords('2026-11-25T13:29:30Z', now), '30 s ago');
  assert.equal(agoWords('2026-11-25T13:05:00Z', now), '25 min ago');
  assert.equal(agoWords('2026-11-25T15:30:00Z', now), 'in 2 h');
  assert.equal(agoWords('2026-11-20T13:30:00Z', now), '5 days ago');
  assert.equal(agoWords('soon', now), '');
  assert.equal(agoWords(undefined, now), '');
});

const run: Run = {
  id: '7k2m9q4xw8fz',
  tool: 'bot',
  job: 'daily-report',
  outcome: 'failed',
  started: '2026-11-25T13:05:00.000Z',
  exit_code: 1,
};

const endings: [Partial<Run>, string][] = [
  [{}, 'exit code 1'],
  [{ exit_code: undefined, signal: 9, signal_name: 'SIGKILL' }, 'killed by SIGKILL'],
  [{ signal: 9, oom_kills: 1 }, 'killed by signal 9 at its memory limit'],
  [{ timed_out: true, signal: 15 }, 'ended at its deadline'],
  [{ exit_code: undefined, reason: 'Evicted' }, 'Evicted'],
  [{ exit_code: undefined }, ''],
];
for (const [facts, words] of endings) {
  test(`${JSON.stringify(facts)} ends with '${words}'`, () =>
    assert.equal(endingWords({ ...run, ...facts }), words));
}

test('confidence is a word and a figure', () => {
  assert.equal(confidenceWords(0.9), 'almost certain');
  assert.equal(confidenceWords(0.72), 'likely');
  assert.equal(confidenceWords(0.4), 'possible');
  assert.equal(confidenceWords(undefined), 'a guess');
  const cause = causeWords({ outcome: 'failed', class: 'external/dns', confidence: 0.97 });
  assert.equal(cause, 'external/dns, almost certain (97 %)');
  assert.equal(causeWords({ outcome: 'succeeded', class: '' }), '');
  const unknown: Verdict = { outcome: 'failed', class: 'unknown' };
  assert.equal(causeWords(unknown), 'Unknown: nothing proves one.');
  assert.equal(causeWords({ ...unknown, lines: [] }, 0), 'Unknown: it wrote no lines.');
  assert.match(causeWords({ ...unknown, lines: [{ n: 1, text: 'x' }] }), /most telling\.$/);
});

test('a verdict can be pasted', () => {
  const verdict: Verdict = {
    outcome: 'failed',
    class: 'external/dns',
    confidence: 0.97,
    headline: 'The host db could not be resolved.',
    lines: [{ n: 10, text: 'could not translate host name' }],
    excerpt_lines: [
      { n: 9, text: 'connecting' },
      { n: 10, text: 'could not translate host name' },
    ],
    failing_since: { run: '5aaaaaaaaaa5', started: '2026-11-25T13:03:00.000Z' },
    last_good: null,
  };
  assert.equal(
    verdictText(run, verdict, 'http://x/runs/7k2m9q4xw8fz'),
    `bot/daily-report failed: The host db could not be resolved.
Run 7k2m9q4xw8fz, 2026-11-25T13:05:00.000Z, exit code 1
Cause: external/dns, almost certain (97 %)
Failing since 2026-11-25T13:03:00.000Z (run 5aaaaaaaaaa5)

   9  connecting
> 10  could not translate host name

http://x/runs/7k2m9q4xw8fz
`,
  );
});
