import { render } from 'preact';
import { App } from './app';
import { keepPreferences } from './preferences';
import { begin } from './session';

keepPreferences();
begin();
render(<App />, document.getElementById('app')!);
