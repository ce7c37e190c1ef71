/**
 * Events on their way to the archive. An event is committed to the store together with the change that it tells of, and
 * is taken out when the archive has it: so no change goes unrecorded because a controller was killed in between, or
 * because the archive's disk was full. It may be told twice then; `change` in its details is the same.
 */
import type { Archive } from "../archive/archive.ts";
import type { Log } from "../env/env.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError } from "../model/failure.ts";
import { AssertionError } from "../std/assert.ts";
import type { Change, Store } from "../store/store.ts";
import { eventsPrefix, putEvents, readEvent } from "./stored-traffic.ts";

/** 500: days of people's changes while the archive takes none. More are only logged; decisions go on. */
const waitingMax = 500;
/** One commit takes 128 changes. */
const dropsPerCommitMax = 100;

export class EventOutbox {
  readonly #store: Store;
  readonly #archive: Archive;
  readonly #log: Log;
  #waiting = 0;
  #hasFailed = false;

  constructor(doors: { readonly store: Store; readonly archive: Archive; readonly log: Log }) {
    this.#store = doors.store;
    this.#archive = doors.archive;
    this.#log = doors.log;
  }

  /** What a commit puts beside the change with this number. */
  puts(change: number, events: readonly NewEvent[]): readonly Change[] {
    if (this.#waiting + events.length <= waitingMax) return putEvents(change, events);
    for (const event of events) this.#log.error("routing.event-dropped", { ...event });
    return [];
  }

  /** Gives the archive what waits. Never rejects for its sake: what it does not take waits for the next call. */
  async deliver(signal: AbortSignal): Promise<void> {
    try {
      const { entries } = await this.#store.list(eventsPrefix, signal);
      this.#waiting = entries.length;
      for (let from = 0; from < entries.length; from += dropsPerCommitMax) {
        const some = entries.slice(from, from + dropsPerCommitMax);
        for (const entry of some) await this.#append(readEvent(entry), signal);
        const drops = some.map(({ key }): Change => ({ kind: "delete", key }));
        await this.#store.commit([], drops, signal);
        this.#waiting -= some.length;
      }
      this.#hasFailed = false;
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      if (!this.#hasFailed) this.#log.error("routing.events-wait", { error: describeError(error) });
      this.#hasFailed = true;
    }
  }

  async #append(event: NewEvent, signal: AbortSignal): Promise<void> {
    await this.#archive.append(event, signal);
    this.#log.info("routing.changed", { kind: event.kind, ...event.details });
  }
}
