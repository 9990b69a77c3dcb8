import assert from 'node:assert/strict';
import { test } from 'node:test';
import { troubleOf } from '../src/api';
import { type Socket, Tail, type TailStatus, type World } from '../src/tail';

// A world without time: sockets and timers wait until the test lets them go on.
class FakeWorld implements World {
  sockets: (Socket & { address: string; closed: boolean })[] = [];
  timers: { ms: number; call: () => void }[] = [];
  up = true;
  open(address: string): Socket {
    const socket = {
      address,
      closed: false,
      onopen: null,
      onmessage: null,
      onclose: null,
      close(): void {
        this.closed = true;
      },
    };
    this.sockets.push(socket);
    return socket;
  }
  reachable = (): Promise<boolean> => Promise.resolve(this.up);
  later(ms: number, call: () => void): () => void {
    const timer = { ms, call };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((other) => other !== timer));
  }
  random = (): number => 1;

  get socket() {
    return this.sockets.at(-1)!;
  }
  frame(cursor: string, ...texts: string[]): void {
    const values = texts.map((text, i) => [String(i + 1), text, { id: text }]);
    this.socket.onmessage!({ data: JSON.stringify({ streams: [{ stream: {}, values }], cursor }) });
  }
  async breakOff(opened: boolean): Promise<void> {
    const { socket } = this;
    if (opened) socket.onopen!();
    socket.onclose!({ code: 1006, reason: '' });
    await settled();
  }
  async passTime(): Promise<number> {
    const timer = this.timers.shift()!;
    timer.call();
    await settled();
    return timer.ms;
  }
}
const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

function begin() {
  const world = new FakeWorld();
  const texts: string[] = [];
  const states: TailStatus[] = [];
  const tail = new Tail(world, {
    address: (cursor) => `/tail?cursor=${cursor}`,
    lines: (lines) => texts.push(...lines.map(({ text }) => text)),
    status: (status) => states.push(status),
  });
  tail.start();
  return { world, texts, states, tail };
}

test('lines of every frame arrive, and the first frame says it is live', () => {
  const { world, texts, states } = begin();
  world.socket.onopen!();
  world.frame('c1');
  world.frame('c2', 'a', 'b');
  assert.deepEqual(texts, ['a', 'b']);
  assert.deepEqual(states, [{ kind: 'connecting' }, { kind: 'live' }]);
});

test('after a break it goes on from the last cursor and says nothing was missed', async () => {
  const { world, states } = begin();
  world.socket.onopen!();
  world.frame('c7', 'a');
  await world.breakOff(true);
  assert.equal(states.at(-1)!.kind, 'waiting');
  await world.passTime();
  assert.equal(world.socket.address, '/tail?cursor=c7');
  world.frame('c8', 'b');
  assert.deepEqual(states.at(-1), { kind: 'live', after: 'resumed' });
});

test('it waits longer and longer, up to a limit, and says when the server is away', async () => {
  const { world, states } = begin();
  world.up = false;
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    await world.breakOff(false);
    waits.push(await world.passTime());
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  assert.ok(states.some((state) => state.kind === 'waiting' && !state.reachable));
});

test('a cursor that a living server keeps refusing is given up, and that is said', async () => {
  const { world, states } = begin();
  world.socket.onopen!();
  world.frame('c7', 'a');
  await world.breakOff(true);
  for (let i = 0; i < 3; i++) {
    await world.passTime();
    assert.equal(world.socket.address, '/tail?cursor=c7');
    await world.breakOff(false);
  }
  await world.passTime();
  assert.equal(world.socket.address, '/tail?cursor=');
  world.frame('d1', 'b');
  assert.deepEqual(states.at(-1), { kind: 'live', after: 'restarted' });
});

test('a cursor is kept while the server is away', async () => {
  const { world } = begin();
  world.socket.onopen!();
  world.frame('c7', 'a');
  world.up = false;
  await world.breakOff(true);
  for (let i = 0; i < 6; i++) {
    await world.passTime();
    await world.breakOff(false);
  }
  await world.passTime();
  assert.equal(world.socket.address, '/tail?cursor=c7');
});

test('a silent connection is kept only while the server answers', async () => {
  const { world } = begin();
  world.socket.onopen!();
  world.frame('c1');
  await world.passTime();
  assert.equal(world.sockets.length, 1);
  assert.equal(world.socket.closed, false);
  world.up = false;
  await world.passTime();
  assert.equal(world.socket.closed, true);
  await world.passTime();
  assert.equal(world.sockets.length, 2);
});

test('after stop nothing happens any more', async () => {
  const { world, tail, texts } = begin();
  const { socket } = world;
  socket.onopen!();
  tail.stop();
  assert.equal(socket.closed, true);
  assert.equal(socket.onmessage, null);
  assert.deepEqual(world.timers, []);
  tail.hurry();
  await settled();
  assert.equal(world.sockets.length, 1);
  assert.deepEqual(texts, []);
});

test('a refusal has the server’s words and a remedy', () => {
  const trouble = troubleOf(400, 'parse error at line 1, col 2\nmore');
  assert.equal(trouble.message, 'parse error at line 1, col 2');
  assert.match(trouble.remedy, /^Correct the search/);
  assert.match(troubleOf(502, '').message, /status 502/);
  assert.match(troubleOf(599, '').remedy, /Wait/);
});
