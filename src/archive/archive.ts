/**
 * Events and audit: appended, never changed, removed only by age. They live beside the store and not in it,
 * because a chatty history must not slow down the small truth.
 */
import type { ArchivedEvent, NewEvent } from "../model/event.ts";

export type EventQuery = {
  /** Only events with a larger id; 0 is from the oldest that is kept. */
  readonly afterId: number;
  /** At most this many. */
  readonly limit: number;
  readonly region?: string;
  readonly database?: string;
};

export interface Archive {
  /** Durable when it settles. Never throws because of what the event says. */
  append(event: NewEvent, signal: AbortSignal): Promise<ArchivedEvent>;
  /** In order of id. */
  read(query: EventQuery, signal: AbortSignal): Promise<readonly ArchivedEvent[]>;
  /** The newest `limit` events, in order of id. */
  newest(limit: number, signal: AbortSignal): Promise<readonly ArchivedEvent[]>;
  /** Every event appended after this call, until `signal` aborts. */
  follow(signal: AbortSignal): AsyncIterable<ArchivedEvent>;
  /** Removes what is older than `wallMs`; answers how many events that were. */
  removeOlderThan(wallMs: number, signal: AbortSignal): Promise<number>;
  close(): void;
}
