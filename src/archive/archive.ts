/**
 * Events and audit: appended, never changed, removed only by age. They live beside the store and not in it,
 * because a chatty history must not slow down the small truth.
 */
import type { ArchivedEvent, NewEvent } from "../model/event.ts";

export type EventFilter = {
  /** At most this many. */
  readonly limit: number;
  readonly region?: string | undefined;
  readonly database?: string | undefined;
};

export type EventQuery = EventFilter & {
  /** Only events with a larger id; 0 is from the oldest that is kept. */
  readonly afterId: number;
};

export interface Archive {
  /** Durable when it settles. Never throws because of what the event says. */
  append(event: NewEvent, signal: AbortSignal): Promise<ArchivedEvent>;
  /** In order of id. */
  read(query: EventQuery, signal: AbortSignal): Promise<readonly ArchivedEvent[]>;
  /** The newest events that fit, in order of id. */
  newest(filter: EventFilter, signal: AbortSignal): Promise<readonly ArchivedEvent[]>;
  /** Every event appended after this call, until `signal` aborts. */
  follow(signal: AbortSignal): AsyncIterable<ArchivedEvent>;
  /** Removes what is older than `wallMs`; answers how many events that were. */
  removeOlderThan(wallMs: number, signal: AbortSignal): Promise<number>;
  close(): void;
}
