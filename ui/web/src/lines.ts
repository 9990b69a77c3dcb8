// Lines as the server answers them, and the bounded window of them the page keeps.
//
// Times are UTC nanoseconds in a bigint: a JavaScript number would lose the last digits.

import { type Level, levelOf } from './level';

export interface Line {
  id: string; // the server's opaque line id: the same line has the same id in every answer
  ns: bigint;
  text: string;
  level: Level;
  labels: Record<string, string>; // of its stream
  metadata: Record<string, string>; // columns and structured metadata
}

export interface Chunk {
  key: number;
  lines: readonly Line[];
}

export const maxLines = 5000; // in memory and in the document
export const chunkLines = 100; // what the browser skips as one while it is out of sight

type Value = [string, string, { id?: string; structuredMetadata?: Record<string, string> }?];
export interface StreamResult {
  stream?: Record<string, string>;
  values?: Value[];
}

// Lines of an answer in order of time. Equal times keep the order they were stored in, which an
// answer in backward direction holds reversed.
export function readStreams(result: StreamResult[], backward: boolean): Line[] {
  const lines: Line[] = [];
  for (const { stream = {}, values = [] } of result) {
    const ordered = backward ? values.slice().reverse() : values;
    for (const [time, text, more] of ordered) {
      const metadata = more?.structuredMetadata ?? {};
      const id = more?.id ?? `${time} ${JSON.stringify(stream)} ${text}`;
      const level = levelOf(metadata, stream);
      lines.push({ id, ns: BigInt(time), text, level, labels: stream, metadata });
    }
  }
  return lines.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
}

// The lines on the page: oldest first, each once, never more than maxLines. Every change makes new
// chunk objects only where lines changed, so that drawing may skip the others by identity.
export class LineWindow {
  chunks: readonly Chunk[] = [];
  private ids = new Set<string>();
  private nextKey = 0;

  get size(): number {
    return this.ids.size;
  }
  get oldest(): Line | undefined {
    return this.chunks[0]?.lines[0];
  }
  get newest(): Line | undefined {
    return this.chunks.at(-1)?.lines.at(-1);
  }
  has(id: string): boolean {
    return this.ids.has(id);
  }

  clear(): void {
    this.chunks = [];
    this.ids.clear();
  }

  // Adds below. Returns how many were new, and whether old lines had to go.
  append(lines: readonly Line[]): { added: number; dropped: boolean } {
    const fresh = this.unseen(lines);
    const chunks = this.chunks.slice();
    const last = chunks.at(-1);
    let from = 0;
    if (last && last.lines.length < chunkLines) {
      from = chunkLines - last.lines.length;
      if (fresh.length > 0)
        chunks[chunks.length - 1] = {
          key: last.key,
          lines: last.lines.concat(fresh.slice(0, from)),
        };
    }
    chunks.push(...this.chunked(fresh.slice(from)));
    let dropped = false;
    while (this.ids.size > maxLines) {
      this.forget(chunks.shift()!);
      dropped = true;
    }
    this.chunks = chunks;
    return { added: fresh.length, dropped };
  }

  // Adds above; when that is too much, the newest lines go.
  prepend(lines: readonly Line[]): { added: number; dropped: boolean } {
    const fresh = this.unseen(lines);
    const chunks = this.chunked(fresh).concat(this.chunks);
    let dropped = false;
    while (this.ids.size > maxLines) {
      this.forget(chunks.pop()!);
      dropped = true;
    }
    this.chunks = chunks;
    return { added: fresh.length, dropped };
  }

  private unseen(lines: readonly Line[]): Line[] {
    const fresh: Line[] = [];
    for (const line of lines) {
      if (this.ids.has(line.id)) continue;
      this.ids.add(line.id);
      fresh.push(line);
    }
    return fresh;
  }

  private chunked(lines: readonly Line[]): Chunk[] {
    const chunks: Chunk[] = [];
    for (let i = 0; i < lines.length; i += chunkLines)
      chunks.push({ key: this.nextKey++, lines: lines.slice(i, i + chunkLines) });
    return chunks;
  }

  private forget(chunk: Chunk): void {
    for (const line of chunk.lines) this.ids.delete(line.id);
  }
}
