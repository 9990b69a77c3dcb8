// Small charts as SVG: bars of a job's runs, curves of a run's samples.

import { runAddress } from './route';
import type { Brief, Sample } from './runs_api';
import { amount, durationWords, isTrouble, signs, sizeWords } from './words';

const barWidth = 8;
const height = 40;

// One bar a run, oldest first, as high as `value` against the greatest. A run in trouble has a foot
// below the line, so that it is told without its colour. A click opens the run; without a mouse, the
// job's table of runs does.
export function RunBars(props: {
  runs: Brief[]; // newest first
  value: (run: Brief) => number | undefined;
  words: (value: number | undefined) => string;
  name: string;
}) {
  const runs = props.runs.slice().reverse();
  const most = Math.max(1, ...runs.map((run) => props.value(run) ?? 0));
  const bad = runs.filter(({ outcome }) => isTrouble(outcome)).length;
  const label = `${props.name} of the last ${amount(runs.length, 'run')}, at most ${props.words(most)}; ${bad} in trouble`;
  return (
    <svg
      class="bars"
      viewBox={`0 0 ${Math.max(runs.length, 12) * barWidth} ${height + 6}`}
      preserveAspectRatio="xMinYMid meet"
      role="img"
      aria-label={label}
    >
      <line class="base" x1="0" y1={height + 0.5} x2="100%" y2={height + 0.5} />
      {runs.map((run, index) => {
        const value = props.value(run);
        const size = value === undefined ? 2 : Math.max((value / most) * height, 2);
        const x = index * barWidth + 1;
        const title = `${signs[run.outcome]} ${run.outcome}, ${props.words(value) || 'not known'}`;
        return (
          <g
            key={run.id}
            class={`bar ${run.outcome}`}
            onClick={() => location.assign(runAddress(run.id))}
          >
            <title>{title}</title>
            <rect class="area" x={x - 1} y="0" width={barWidth} height={height + 6} />
            <rect x={x} y={height - size} width={barWidth - 2} height={size} />
            {isTrouble(run.outcome) && (
              <rect x={x} y={height + 2} width={barWidth - 2} height="3" />
            )}
          </g>
        );
      })}
    </svg>
  );
}

export interface Curve {
  name: string;
  points: [number, number][]; // seconds from the start, value
  words: (value: number) => string;
  limit?: number;
}

const curveWidth = 600;
const curveHeight = 90;

export function CurveChart({ name, points, words, limit }: Curve) {
  const last = points.at(-1)![0] || 1;
  const peak = Math.max(...points.map(([, value]) => value));
  // A limit far above is said in words and not drawn, or the curve would lie flat.
  const drawn = limit !== undefined && limit <= peak * 4 ? limit : undefined;
  const most = Math.max(peak, drawn ?? 0, 1e-9) * 1.05;
  const x = (seconds: number): string => ((seconds / last) * curveWidth).toFixed(1);
  const y = (value: number): string => (curveHeight - (value / most) * curveHeight).toFixed(1);
  const path = points
    .map(([at, value], i) => `${i === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`)
    .join('');
  const text = `${name}: at most ${words(peak)}${limit === undefined ? '' : ` of ${words(limit)}`}`;
  return (
    <figure class="curve">
      <figcaption>{text}</figcaption>
      <svg
        viewBox={`0 0 ${curveWidth} ${curveHeight}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${text}, over ${durationWords(last * 1000)}`}
      >
        <path
          class="under"
          d={`${path}L${x(last)} ${curveHeight}L${x(points[0]![0])} ${curveHeight}Z`}
        />
        <path class="line" d={path} />
        {drawn !== undefined && (
          <line class="limit" x1="0" x2={curveWidth} y1={y(drawn)} y2={y(drawn)} />
        )}
      </svg>
      <p class="axis" aria-hidden="true">
        <span>start</span>
        <span>{durationWords(last * 1000)}</span>
      </p>
    </figure>
  );
}

// CPU as cores in use between two samples, memory as it was, since counters alone say little.
export function curvesOf(samples: Sample[], started: string | undefined, limit?: number): Curve[] {
  const start = Date.parse(started ?? samples[0]?.t ?? '');
  const cpu: [number, number][] = [];
  const memory: [number, number][] = [];
  let before: { at: number; cpu: number } = { at: 0, cpu: 0 };
  for (const sample of samples) {
    const at = (Date.parse(sample.t) - start) / 1000;
    if (!(at >= 0)) continue;
    if (sample.memory_bytes !== undefined) memory.push([at, sample.memory_bytes]);
    if (sample.cpu_ms === undefined || at <= before.at) continue;
    cpu.push([at, Math.max(0, (sample.cpu_ms - before.cpu) / 1000 / (at - before.at))]);
    before = { at, cpu: sample.cpu_ms };
  }
  const cores = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} cores`;
  return [
    { name: 'Memory', points: memory, words: sizeWords, limit },
    { name: 'CPU', points: cpu, words: cores },
  ].filter(({ points }) => points.length >= 2);
}
