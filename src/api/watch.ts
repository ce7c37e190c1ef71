/** What one watcher is sent: the status at once and after each change, and every event after its cursor. */
import type { Clock } from "../env/env.ts";
import type { ApiEvent, World } from "./api.ts";
import { formatMessage, heartbeat, type SseWriter } from "./sse.ts";
import type { StatusFeed } from "./status-feed.ts";

/** 15 s: half of what the usual proxies and load balancers take for a dead connection. */
const heartbeatEveryMs = 15_000;
/** Events are read in pages of this many while a watcher catches up. */
const pageLength = 500;

export type WatchDoors = {
  readonly world: World;
  readonly feed: StatusFeed;
  readonly clock: Clock;
};

/**
 * Settles when `signal` aborts, or rejects when a part fails; the connection ends with it, and the reader comes back
 * with its last id.
 * @param after the cursor; undefined: only what happens from now on.
 */
export async function sendChanges(
  { world, feed, clock }: WatchDoors,
  writer: SseWriter,
  after: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const cursor = after ?? (await world.events({ limit: 1 }, signal)).next;
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const statuses = feed.follow(until);
  try {
    // The first one carries the cursor, so that a reader that is cut before any event misses none either.
    const { value: data } = await statuses.next();
    await writer.write(formatMessage({ event: "status", id: cursor, data }), until);
    await Promise.all([
      sendStatus(statuses, writer, until),
      sendEvents(world, writer, cursor, until),
      sendHeartbeats(clock, writer, until),
    ]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    over.abort();
    await statuses.return(undefined);
  }
}

async function sendStatus(
  statuses: AsyncGenerator<string>,
  writer: SseWriter,
  signal: AbortSignal,
): Promise<void> {
  for await (const data of statuses) {
    await writer.write(formatMessage({ event: "status", id: undefined, data }), signal);
  }
}

async function sendEvents(
  world: World,
  writer: SseWriter,
  cursor: number,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of eventsAfter(world, cursor, signal)) {
    const data = JSON.stringify(event);
    await writer.write(formatMessage({ event: "event", id: event.id, data }), signal);
  }
}

/** Every event after the cursor, without a gap or a repetition, until `signal` aborts. */
export async function* eventsAfter(
  world: World,
  cursor: number,
  signal: AbortSignal,
): AsyncGenerator<ApiEvent> {
  // Listens before it reads what is already there, so that nothing is archived between the two unseen.
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const news = world.followEvents(until)[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<ApiEvent>> | undefined = news.next();
  first.catch(() => undefined);
  try {
    let last = cursor;
    for (;;) {
      const page = await world.events({ after: last, limit: pageLength }, signal);
      for (const event of page.events) yield event;
      if (page.events.length === 0) break;
      last = page.next;
    }
    for (;;) {
      const { done, value } = await (first ?? news.next());
      first = undefined;
      if (done === true) return;
      if (value.id > last) yield value;
    }
  } finally {
    over.abort();
  }
}

async function sendHeartbeats(clock: Clock, writer: SseWriter, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(heartbeatEveryMs, signal).catch(() => undefined);
    await writer.write(heartbeat, signal);
  }
}
