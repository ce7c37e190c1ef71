/**
 * Whether writes from this Region arrive: asks the writer of each database that is watched, through the Region's own
 * gateway as every client does, once a second. A hold of a second or two is no failure.
 */
import type { Clock } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { describeError } from "../model/failure.ts";
import type { DatabaseId } from "../model/region.ts";
import type { SqlConnection } from "../postgres/sql-connection.ts";
import { Pulse } from "../std/pulse.ts";
import { becauseCharsMax, type WritePath } from "../wire/traffic-protocol.ts";

/** 1 s between looks. */
const lookMs = 1_000;
/** Two bad looks in a row: one may have met a moment in which the writer moved. */
const badLooksMin = 2;
/** 1 s: a login across the longest links; who waits for more has better to do. */
const firstLookMsMax = 1_000;

export type WritePathDoors = {
  readonly clock: Clock;
  /** As a client of `<database>-rw` at the Region's own gateway. */
  readonly connect: (database: DatabaseId) => Pick<SqlConnection, "query" | "close">;
  readonly changed: () => void;
};

export class WritePaths {
  readonly #doors: WritePathDoors;
  readonly #paths: Map<DatabaseId, { view: WritePath; badLooks: number }>;
  readonly #unseen: Set<DatabaseId>;
  readonly #looked = new Pulse();

  constructor(databases: readonly DatabaseId[], doors: WritePathDoors) {
    this.#doors = doors;
    this.#unseen = new Set(databases);
    this.#paths = new Map(
      databases.map((database) => {
        const view = { database, canWrite: false, because: "nobody has looked yet" };
        return [database, { view, badLooks: badLooksMin }];
      }),
    );
  }

  get views(): readonly WritePath[] {
    return [...this.#paths.values()].map(({ view }) => view);
  }

  /** Settles when there was a look at each of them, at the latest after `firstLookMsMax`. */
  async haveLooked(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    const untilMs = clock.monotonicMs() + firstLookMsMax;
    while (this.#unseen.size > 0 && clock.monotonicMs() < untilMs && !signal.aborted) {
      await pauseUntil(clock, this.#looked, untilMs, signal);
    }
  }

  /** Looks until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#paths.keys()].map((database) => this.#watch(database, signal)));
  }

  async #watch(database: DatabaseId, signal: AbortSignal): Promise<void> {
    const { clock, connect } = this.#doors;
    const connection = connect(database);
    while (!signal.aborted) {
      try {
        const [row] = await connection.query("select pg_is_in_recovery() as standby", [], signal);
        if (row?.["standby"] === false) this.#note(database, undefined);
        else this.#note(database, "what answers as the writer is a standby");
      } catch (error) {
        if (!signal.aborted) this.#note(database, describeError(error));
      }
      await clock.sleep(lookMs, signal).catch(() => undefined);
    }
    connection.close();
  }

  #note(database: DatabaseId, obstacle: string | undefined): void {
    const path = this.#paths.get(database);
    if (!path) return;
    this.#unseen.delete(database);
    this.#looked.beat();
    path.badLooks = obstacle === undefined ? 0 : path.badLooks + 1;
    if (obstacle !== undefined && path.badLooks < badLooksMin) return;
    const canWrite = obstacle === undefined;
    const hasChanged = path.view.canWrite !== canWrite;
    const because = (obstacle ?? "the writer answers").slice(0, becauseCharsMax);
    path.view = { database, canWrite, because };
    if (hasChanged) this.#doors.changed();
  }
}
