// How bad a line says it is. The server has read it off the line; the page only draws it.

export const levels = ['unknown', 'trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;
export type Level = (typeof levels)[number];

const names: Record<string, Level> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warn: 'warn',
  warning: 'warn',
  err: 'error',
  error: 'error',
  fatal: 'critical',
  critical: 'critical',
};

export function levelOf(metadata: Record<string, string>, labels: Record<string, string>): Level {
  const said = metadata.detected_level ?? labels.detected_level ?? labels.level ?? '';
  return names[said.toLowerCase()] ?? 'unknown';
}

export const letters: Record<Level, string> = {
  unknown: '',
  trace: 'T',
  debug: 'D',
  info: 'I',
  warn: 'W',
  error: 'E',
  critical: 'C',
};

export const isBad = (level: Level): boolean => level === 'error' || level === 'critical';
