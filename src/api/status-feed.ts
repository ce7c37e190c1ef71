/**
 * The status as those who watch it get it: rendered once for all of them, four times a second at most, and not at
 * all while nobody watches.
 */
import type { Clock } from "../env/env.ts";
import { Pulse } from "../std/pulse.ts";
import type { ApiStatus } from "./api.ts";

/** 250 ms: people see no faster change, and a comparison costs some 0.1 ms. */
const lookEveryMs = 250;
/** 5 s: ages and byte counts alone grow all the time, so they are sent at this pace. */
const refreshEveryMs = 5_000;
/** What changes although nothing happened. */
const restless = new Set([
  "reportAgeMs",
  "lagAgeMs",
  "sampleAgeMs",
  "leftMs",
  "retainedBytes",
  "deliveredBytes",
  "queuedBytes",
]);

export class StatusFeed {
  readonly #status: () => ApiStatus;
  readonly #clock: Clock;
  readonly #pulse = new Pulse();
  #watchers = 0;
  #looking: AbortController | undefined;
  #text = "";

  constructor(status: () => ApiStatus, clock: Clock) {
    this.#status = status;
    this.#clock = clock;
  }

  /** The status as one line of JSON now, and each time it has changed, until `signal` aborts. */
  async *follow(signal: AbortSignal): AsyncGenerator<string> {
    this.#begin();
    try {
      let sent = "";
      while (!signal.aborted) {
        if (this.#text !== sent) {
          sent = this.#text;
          yield sent;
        } else {
          await this.#pulse.next(signal);
        }
      }
    } finally {
      this.#end();
    }
  }

  #begin(): void {
    this.#watchers += 1;
    this.#text = JSON.stringify(this.#status());
    if (this.#looking) return;
    this.#looking = new AbortController();
    void this.#look(this.#looking.signal);
  }

  #end(): void {
    this.#watchers -= 1;
    if (this.#watchers > 0) return;
    this.#looking?.abort();
    this.#looking = undefined;
  }

  async #look(signal: AbortSignal): Promise<void> {
    let known = essence(this.#status());
    let renderedAtMs = this.#clock.monotonicMs();
    for (;;) {
      await this.#clock.sleep(lookEveryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const status = this.#status();
      const found = essence(status);
      const nowMs = this.#clock.monotonicMs();
      if (found === known && nowMs - renderedAtMs < refreshEveryMs) continue;
      known = found;
      renderedAtMs = nowMs;
      this.#text = JSON.stringify(status);
      this.#pulse.beat();
    }
  }
}

function essence(status: ApiStatus): string {
  return JSON.stringify(status, (key, value: unknown) => (restless.has(key) ? null : value));
}
