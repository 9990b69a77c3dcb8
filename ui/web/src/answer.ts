// An answer of the server that a page is made of: asked for once, and again while it may change.

import { useEffect, useState } from 'preact/hooks';
import { Trouble } from './api';

export interface Answer<T> {
  value?: T;
  trouble?: Trouble;
  again: () => void;
}

// Asks for it when `key` changes, and `wait(value)` ms after each answer, 0 for not again. A page
// that nobody sees does not ask. What was shown stays while a later question fails.
export function useAnswer<T>(
  key: string,
  ask: (signal: AbortSignal) => Promise<T>,
  wait: (value: T) => number,
): Answer<T> {
  const [state, setState] = useState<{ key: string; value?: T; trouble?: Trouble }>({ key });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = (ms: number): void => {
      if (ms > 0 && !stop.signal.aborted) timer = setTimeout(run, ms);
    };
    const run = async (): Promise<void> => {
      if (document.visibilityState === 'hidden') return;
      try {
        const value = await ask(stop.signal);
        if (stop.signal.aborted) return;
        setState({ key, value });
        later(wait(value));
      } catch (error) {
        if (stop.signal.aborted) return;
        const trouble =
          error instanceof Trouble ? error : new Trouble(String(error), 'Reload the page.');
        setState((old) => ({ key, value: old.key === key ? old.value : undefined, trouble }));
        later(trouble.status === 0 || trouble.status >= 500 ? 5000 : 0);
      }
    };
    const seen = (): void => {
      if (document.visibilityState !== 'visible') return;
      clearTimeout(timer);
      void run();
    };
    document.addEventListener('visibilitychange', seen);
    void run();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [key, round]);
  const current = state.key === key ? state : { key };
  return { value: current.value, trouble: current.trouble, again: () => setRound(round + 1) };
}
