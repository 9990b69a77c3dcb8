// The page: search bar, what was found at a glance, the lines.

import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Filters } from './filters';
import { Help, helpOpen } from './help';
import { onKey } from './keys';
import { LogView } from './log_view';
import { Overview } from './overview';
import { SearchBar } from './search_bar';
import { notice, view } from './session';

export function App() {
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    const untitle = effect(() => {
      const { text, tool } = view.value;
      document.title = `${text.trim() === '' ? tool : `${text.trim()} · ${tool}`} · Logboom`;
    });
    return () => {
      document.removeEventListener('keydown', onKey);
      untitle();
    };
  }, []);
  return (
    <>
      <header>
        <SearchBar />
        <Filters />
      </header>
      <main>
        <Overview />
        <LogView />
      </main>
      <p class={notice.value === '' ? 'notice hidden' : 'notice'} role="status">
        {notice.value}
      </p>
      {helpOpen.value && <Help />}
    </>
  );
}
