import type { Archive, EventFilter, EventQuery } from "../src/archive/archive.ts";
import { storableEvent } from "../src/archive/storable-event.ts";
import type { Clock } from "../src/env/env.ts";
import type { ArchivedEvent, NewEvent } from "../src/model/event.ts";
import { assert } from "../src/std/assert.ts";
import { Pulse } from "../src/std/pulse.ts";

/** What outlives the program. */
export class SimArchiveDisk {
  lastId = 0;
  events: readonly ArchivedEvent[] = [];
}

/** The archive in memory, at no cost of time. */
export class SimArchive implements Archive {
  readonly #clock: Clock;
  readonly #disk: SimArchiveDisk;
  readonly #appended = new Pulse();
  readonly #closed = new AbortController();

  constructor(clock: Clock, disk: SimArchiveDisk) {
    this.#clock = clock;
    this.#disk = disk;
  }

  async append(event: NewEvent, signal: AbortSignal): Promise<ArchivedEvent> {
    this.#enter(signal);
    const id = (this.#disk.lastId += 1);
    const kept = { ...storableEvent(event), id, atMs: this.#clock.wallMs() };
    this.#disk.events = [...this.#disk.events, kept];
    this.#appended.beat();
    return kept;
  }

  async read(query: EventQuery, signal: AbortSignal): Promise<readonly ArchivedEvent[]> {
    this.#enter(signal);
    return this.#fitting(query)
      .filter((event) => event.id > query.afterId)
      .slice(0, query.limit);
  }

  async newest(filter: EventFilter, signal: AbortSignal): Promise<readonly ArchivedEvent[]> {
    this.#enter(signal);
    const events = this.#fitting(filter);
    return events.slice(Math.max(events.length - filter.limit, 0));
  }

  follow(signal: AbortSignal): AsyncIterable<ArchivedEvent> {
    this.#enter(signal);
    return this.#followFrom(this.#disk.lastId, AbortSignal.any([signal, this.#closed.signal]));
  }

  async removeOlderThan(wallMs: number, signal: AbortSignal): Promise<number> {
    this.#enter(signal);
    const before = this.#disk.events.length;
    this.#disk.events = this.#disk.events.filter(({ atMs }) => atMs >= wallMs);
    return before - this.#disk.events.length;
  }

  close(): void {
    this.#closed.abort();
  }

  #fitting({ region, database }: EventFilter): readonly ArchivedEvent[] {
    return this.#disk.events
      .filter((event) => region === undefined || event.region === region)
      .filter((event) => database === undefined || event.database === database);
  }

  #enter(signal: AbortSignal): void {
    signal.throwIfAborted();
    assert(!this.#closed.signal.aborted, "nobody asks an archive that is closed");
  }

  async *#followFrom(id: number, signal: AbortSignal): AsyncGenerator<ArchivedEvent> {
    let afterId = id;
    while (!signal.aborted) {
      const next = this.#disk.events.find((event) => event.id > afterId);
      if (!next) {
        await this.#appended.next(signal);
        continue;
      }
      afterId = next.id;
      yield next;
    }
  }
}
