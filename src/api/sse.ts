/**
 * Server-sent events on one connection. A reader that does not keep up holds back its writer, and is cut when it
 * takes nothing for `stallMaxMs`; so a connection costs two messages at most, whatever the reader does.
 */
import { once } from "node:events";
import type { Writable } from "node:stream";
import type { Clock } from "../env/env.ts";

/** 10 s without taking a byte: the reader is gone or stopped. It may come back with its last id. */
const stallMaxMs = 10_000;

export type Message = {
  readonly event: string;
  /** The cursor with which a reader that lost its connection goes on. */
  readonly id: number | undefined;
  /** One line of JSON. */
  readonly data: string;
};

export function formatMessage({ event, id, data }: Message): string {
  return `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${data}\n\n`;
}

/** Keeps proxies and readers from taking silence for a dead connection. */
export const heartbeat = ": still here\n\n";

export class SseWriter {
  readonly #out: Writable;
  readonly #clock: Clock;
  readonly #cut: () => void;

  /** @param cut ends the connection; called when the reader does not keep up. */
  constructor(out: Writable, clock: Clock, cut: () => void) {
    this.#out = out;
    this.#clock = clock;
    this.#cut = cut;
  }

  /** Settles when the reader is ready for more, or `signal` (the connection's end) aborts. */
  async write(text: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#out.destroyed) return;
    if (this.#out.write(text)) return;
    const drained = new AbortController();
    const either = AbortSignal.any([signal, drained.signal]);
    const stalled = this.#clock.sleep(stallMaxMs, either).then(this.#cut, () => undefined);
    await Promise.race([once(this.#out, "drain", { signal }).catch(() => undefined), stalled]);
    drained.abort();
  }
}
