// Live lines over a WebSocket, without a hole and without a repeat.
//
// The server puts its position (cursor) into every frame; after a broken connection we go on from
// the last one. A browser does not show a WebSocket's pings or the status of a refused upgrade, so
// a silent connection is checked by asking the server something else, and a cursor that keeps being
// refused by a server that is there is given up: then lines may be missing, and the page says so.

import { type Line, readStreams, type StreamResult } from './lines';

export type TailStatus =
  | { kind: 'connecting' }
  | { kind: 'live'; after?: 'resumed' | 'restarted' } // after a lost connection: all, or maybe not
  | { kind: 'waiting'; seconds: number; reachable: boolean; reason: string };

export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  close(code?: number): void;
}

export interface World {
  open(address: string): Socket;
  reachable(): Promise<boolean>;
  later(ms: number, call: () => void): () => void; // returns how to call it off
  random(): number;
}

export interface TailOptions {
  // The address for a cursor; '' begins with the newest lines.
  address(cursor: string): string;
  // Of every frame; the first after the start may be empty.
  lines(lines: Line[]): void;
  status(status: TailStatus): void;
}

const firstWaitMs = 500;
const longestWaitMs = 10_000;
const silenceMs = 30_000;
const refusalsToGiveUpCursor = 3;

export class Tail {
  private socket: Socket | undefined;
  private cursor = '';
  private failures = 0; // attempts in a row
  private lost = false; // a connection has broken and lines have not come since
  private restarted = false;
  private stopped = false;
  private callOff: (() => void) | undefined; // of the one running timer

  constructor(
    private readonly world: World,
    private readonly options: TailOptions,
  ) {}

  start(): void {
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.callOff?.();
    this.drop();
  }

  // Tries at once instead of waiting on: the network came back.
  hurry(): void {
    if (this.stopped || this.socket) return;
    this.callOff?.();
    this.connect();
  }

  private connect(): void {
    if (!this.lost) this.options.status({ kind: 'connecting' });
    const socket = this.world.open(this.options.address(this.cursor));
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.watchSilence();
    };
    socket.onmessage = ({ data }) => this.frame(data);
    socket.onclose = ({ reason }) => {
      this.drop();
      void this.retry(opened, reason);
    };
    // A connection attempt may hang, too.
    this.watchSilence();
  }

  private frame(data: string): void {
    this.watchSilence();
    const frame = JSON.parse(data) as { streams?: StreamResult[]; cursor?: string };
    this.failures = 0;
    if (this.lost) {
      this.options.status({ kind: 'live', after: this.restarted ? 'restarted' : 'resumed' });
      this.lost = this.restarted = false;
    } else if (this.cursor === '') {
      this.options.status({ kind: 'live' });
    }
    if (frame.cursor) this.cursor = frame.cursor;
    this.options.lines(readStreams(frame.streams ?? [], false));
  }

  private async retry(opened: boolean, reason: string): Promise<void> {
    if (this.stopped) return;
    this.lost = true;
    this.failures = opened ? 1 : this.failures + 1;
    const reachable = this.failures === 1 ? true : await this.world.reachable();
    if (this.stopped || this.socket) return;
    if (!opened && reachable && this.cursor !== '' && this.failures > refusalsToGiveUpCursor) {
      this.cursor = '';
      this.restarted = true;
    }
    const ceiling = Math.min(firstWaitMs * 2 ** (this.failures - 1), longestWaitMs);
    const wait = ceiling * (0.5 + this.world.random() / 2);
    this.options.status({ kind: 'waiting', seconds: Math.ceil(wait / 1000), reachable, reason });
    this.callOff = this.world.later(wait, () => this.connect());
  }

  private watchSilence(): void {
    this.callOff?.();
    this.callOff = this.world.later(silenceMs, () => void this.checkSilence());
  }

  private async checkSilence(): Promise<void> {
    const socket = this.socket;
    const alive = await this.world.reachable();
    if (this.stopped || socket !== this.socket) return;
    if (alive) {
      this.watchSilence();
      return;
    }
    this.drop();
    void this.retry(true, '');
  }

  private drop(): void {
    this.callOff?.();
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }
}

export const browserWorld = (reachable: () => Promise<boolean>): World => ({
  open: (address) => new WebSocket(address) as unknown as Socket,
  reachable,
  later: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
});
