// What one can type, as a dialog.

import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { keyTable } from './keys';
import { shortcuts } from './preferences';

export const helpOpen = signal(false);

const searches: [string, string][] = [
  ['timeout bot', 'lines with both words, capitals do not matter'],
  ['"connection reset"', 'exactly this phrase'],
  ['timeout -debug', 'with one word, without the other'],
  ['{job="web"} |= "500"', 'LogQL: from a { on'],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={() => (helpOpen.value = false)}>
      <form method="dialog">
        <h2 id="help-title">Searching and reading</h2>
        <button class="primary" autofocus>
          Close
        </button>
      </form>
      <table>
        <caption>The search box</caption>
        <tbody>
          {searches.map(([text, means]) => (
            <tr key={text}>
              <th scope="row">
                <code>{text}</code>
              </th>
              <td>{means}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        Time runs downwards, as in a terminal: the newest line is at the bottom, while searching and
        while following. Scroll up and following waits for you. The address holds all you see: send
        it to somebody.
      </p>
      <table>
        <caption>Keys</caption>
        <tbody>
          {keyTable.map(({ keys, does }) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">
              <kbd>Esc</kbd>
            </th>
            <td>to the lines; closes this help</td>
          </tr>
        </tbody>
      </table>
      <label class="check">
        <input
          type="checkbox"
          checked={shortcuts}
          onChange={(event) => (shortcuts.value = event.currentTarget.checked)}
        />
        Single keys do this (switch off if they get in the way of speech input)
      </label>
    </dialog>
  );
}
