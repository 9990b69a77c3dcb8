import { render } from 'preact';
import { App } from './app';
import { Home } from './home';
import { JobPage } from './job_page';
import { keepPreferences, lastTool } from './preferences';
import { allTools, type Route, routeOf } from './route';
import { RunPage } from './run_page';
import { begin } from './session';
import { Nowhere } from './nowhere';

function pageOf(route: Route) {
  switch (route.page) {
    case 'home':
      return <Home tool={route.tool} />;
    case 'job':
      return <JobPage tool={route.tool} job={route.job} />;
    case 'run':
      return <RunPage id={route.id} />;
    case 'nowhere':
      return <Nowhere />;
    case 'search':
      return <App />;
  }
}

keepPreferences();
const route = routeOf(location.pathname, location.search, lastTool.value);
if (route.page === 'search') {
  // An old link to a search becomes a new one.
  if (location.pathname !== '/search')
    history.replaceState(null, '', `/search${location.search}${location.hash}`);
  begin();
} else {
  document.documentElement.classList.add('document');
  if ((route.page === 'home' || route.page === 'job') && route.tool !== allTools)
    lastTool.value = route.tool;
}
render(pageOf(route), document.getElementById('app')!);
