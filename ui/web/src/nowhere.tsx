// An address that names no page.

import { lastTool } from './preferences';
import { homeAddress } from './route';
import { Shell } from './shell';

export const Nowhere = () => (
  <Shell title="No such page" tool={lastTool.value}>
    <section class="empty">
      <h1>There is no such page</h1>
      <p>A job is at /jobs/TOOL/JOB, a run at /runs/ID.</p>
      <p class="actions">
        <a class="button" href={homeAddress(lastTool.value)}>
          The jobs of {lastTool.value}
        </a>
      </p>
    </section>
  </Shell>
);
