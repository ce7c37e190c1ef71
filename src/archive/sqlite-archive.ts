import type { Clock } from "../env/env.ts";
import { SqliteFile, type SqliteRow, type SqliteStatement } from "../env/node/sqlite.ts";
import type { ArchivedEvent, NewEvent } from "../model/event.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import { Pulse } from "../std/pulse.ts";
import type { Archive, EventFilter, EventQuery } from "./archive.ts";
import { parseDetails, storableEvent } from "./storable-event.ts";

/** "LWar" in ASCII. */
const applicationId = 0x4c576172;
const schemaVersion = 1;

/** AUTOINCREMENT: an id is never given twice, also when every event was removed, because ids are cursors. */
const schema = `
  CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    region TEXT,
    database TEXT,
    details TEXT NOT NULL
  ) STRICT;
  CREATE INDEX event_at ON event (at_ms);
  CREATE INDEX event_region ON event (region, id);
  CREATE INDEX event_database ON event (database, id);
`;

/** The most that one read answers: some MB. */
export const pageEventsMax = 10_000;
/** A follower that is behind catches up in such pieces; others get their turn in between. */
const followEventsMax = 256;
/** Removing holds up the process for as long as this many take: a few ms. */
const removeEventsMax = 1_000;

/** Events in one SQLite file of one process. Followers hold a position and no queue: the file is their queue. */
export class SqliteArchive implements Archive {
  readonly #clock: Clock;
  readonly #file: SqliteFile;
  readonly #insert: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly #closed = new AbortController();
  readonly #appended = new Pulse();
  #lastId: number;

  /**
   * Opens the file at `path`, or makes it; its directory must exist.
   * @throws Failure `state.damaged`, `state.in-use`, `state.newer-version`, `state.not-writable`, `disk.full`
   */
  constructor(path: string, clock: Clock) {
    this.#clock = clock;
    this.#file = new SqliteFile({
      path,
      applicationId,
      schemaVersion,
      schema,
      newerVersion: "state.newer-version",
      // Two weeks of history may be large, and a damaged page of it must not keep the world down.
      checkAll: false,
    });
    this.#insert = this.#file.prepare(
      `INSERT INTO event (at_ms, kind, message, region, database, details)
       VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
    );
    this.#remove = this.#file.prepare(
      `DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at_ms < ? LIMIT ${removeEventsMax})`,
    );
    const [last] = this.#file.prepare("SELECT max(id) AS id FROM event").all();
    this.#lastId = Number(last?.id ?? 0);
  }

  async append(event: NewEvent, signal: AbortSignal): Promise<ArchivedEvent> {
    this.#enter(signal);
    const kept = storableEvent(event);
    const { kind, message, region, database, details } = kept;
    const atMs = Math.floor(this.#clock.wallMs());
    const text = JSON.stringify(details);
    const [row] = this.#insert.all(atMs, kind, message, region ?? null, database ?? null, text);
    this.#lastId = Number(row?.id);
    this.#appended.beat();
    return { ...kept, id: this.#lastId, atMs };
  }

  async read(query: EventQuery, signal: AbortSignal): Promise<readonly ArchivedEvent[]> {
    this.#enter(signal);
    return this.#select(query, "ASC");
  }

  async newest(filter: EventFilter, signal: AbortSignal): Promise<readonly ArchivedEvent[]> {
    this.#enter(signal);
    return this.#select({ ...filter, afterId: 0 }, "DESC").toReversed();
  }

  /** Also ends when the archive is closed. What age removes before a follower reads it, it does not get. */
  follow(signal: AbortSignal): AsyncIterable<ArchivedEvent> {
    this.#enter(signal);
    return this.#followFrom(this.#lastId, AbortSignal.any([signal, this.#closed.signal]));
  }

  async removeOlderThan(wallMs: number, signal: AbortSignal): Promise<number> {
    let removed = 0;
    for (;;) {
      this.#enter(signal);
      const count = this.#remove.run(Math.ceil(wallMs));
      removed += count;
      if (count < removeEventsMax) return removed;
      await this.#clock.sleep(0, signal);
    }
  }

  /** No-op when it is closed. */
  close(): void {
    this.#closed.abort();
    this.#file.close();
  }

  #enter(signal: AbortSignal): void {
    signal.throwIfAborted();
    assert(!this.#closed.signal.aborted, "nobody asks an archive that is closed");
  }

  #select(
    { afterId, limit, region, database }: EventQuery,
    order: "ASC" | "DESC",
  ): readonly ArchivedEvent[] {
    const values: (string | number)[] = [afterId];
    let where = "id > ?";
    if (region !== undefined) {
      where += " AND region = ?";
      values.push(region);
    }
    if (database !== undefined) {
      where += " AND database = ?";
      values.push(database);
    }
    const sql = `SELECT * FROM event WHERE ${where} ORDER BY id ${order} LIMIT ?`;
    return this.#file
      .prepare(sql)
      .all(...values, pageLimit(limit))
      .map(eventOf);
  }

  async *#followFrom(id: number, signal: AbortSignal): AsyncGenerator<ArchivedEvent> {
    let afterId = id;
    while (!signal.aborted) {
      if (afterId >= this.#lastId) {
        await this.#appended.next(signal);
        continue;
      }
      const upTo = this.#lastId;
      const page = this.#select({ afterId, limit: followEventsMax }, "ASC");
      for (const event of page) {
        if (signal.aborted) return;
        afterId = event.id;
        yield event;
      }
      if (page.length < followEventsMax) afterId = Math.max(afterId, upTo);
    }
  }
}

function pageLimit(limit: number): number {
  assert(Number.isSafeInteger(limit) && limit >= 0, `${limit} is no number of events`);
  return Math.min(limit, pageEventsMax);
}

/** The table is STRICT: SQLite itself has checked the types. */
function eventOf(row: SqliteRow): ArchivedEvent {
  return {
    id: row.id as number,
    atMs: row.at_ms as number,
    kind: row.kind as string,
    message: row.message as string,
    region: row.region === null ? undefined : (row.region as RegionId),
    database: row.database === null ? undefined : (row.database as DatabaseId),
    details: parseDetails(row.details as string),
  };
}
