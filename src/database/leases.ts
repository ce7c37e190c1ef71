/**
 * Until when this Region may accept writes, for each database, on its own clock.
 *
 * A lease never gets shorter while its epoch stands. Whoever gave it (the controller, or the Regions that promised)
 * lets nobody else write before the latest end that it gave; a second answer takes nothing of the first back, and
 * answers overtake each other: one that was asked for earlier may come later. A lease of a lower epoch than the
 * present one, or than the journal knows, says nothing, because that epoch is over.
 *
 * What a writer here runs on is on the board before it counts, for the guard and for the agent after this one.
 */
import type { Clock, Log } from "../env/env.ts";
import type { LeaseGrant } from "../model/assignment.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { LeaseHolding } from "../model/instance.ts";
import type { DatabaseId, Epoch } from "../model/region.ts";
import type { LeaseBoard } from "./lease-board.ts";

export type Lease = {
  readonly epoch: Epoch;
  /** Of this agent's monotonic clock. */
  readonly untilMs: number;
  /** What the controller gave last; undefined for one that was found on the board. */
  readonly ttlMs: number | undefined;
  readonly from: LeaseHolding["from"];
};

export type LeaseDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly board: LeaseBoard;
  /** The highest epoch that this agent knows. */
  readonly epochOf: (database: DatabaseId) => Epoch;
  /** A lease is longer, or another one, than before. */
  readonly changed: () => void;
};

export class Leases {
  readonly #doors: LeaseDoors;
  readonly #leases = new Map<DatabaseId, Lease>();
  /** Databases whose server here may be a writer: their leases are on the board. */
  readonly #armed = new Set<DatabaseId>();

  /** Goes on with what an earlier agent of this boot held. */
  constructor(doors: LeaseDoors) {
    this.#doors = doors;
    for (const { database, epoch, untilMs } of doors.board.read()) {
      this.#leases.set(database, { epoch, untilMs, ttlMs: undefined, from: "controller" });
      this.#armed.add(database);
    }
  }

  /** `askedAtMs`: before the question was sent. How long the answer was under way, nobody knows (A1). */
  take(grants: readonly LeaseGrant[], askedAtMs: number): void {
    for (const { database, epoch, ttlMs } of grants) {
      this.#extend(database, { epoch, untilMs: askedAtMs + ttlMs, ttlMs, from: "controller" });
    }
  }

  /** Every Region that could be promoted has promised not to be, for `ttlMs` after it was asked. */
  promised({ database, epoch, ttlMs }: LeaseGrant, askedAtMs: number): void {
    this.#extend(database, { epoch, untilMs: askedAtMs + ttlMs, ttlMs, from: "promises" });
  }

  get(database: DatabaseId): Lease | undefined {
    return this.#leases.get(database);
  }

  /** How long the right to write under `epoch` lasts, in ms; 0 when there is none. */
  leftMs(database: DatabaseId, epoch: Epoch): number {
    const lease = this.#leases.get(database);
    if (lease?.epoch !== epoch) return 0;
    return Math.max(0, lease.untilMs - this.#doors.clock.monotonicMs());
  }

  /**
   * Before a writer is started or promoted: from now on the guard kills it when its lease ends.
   * @throws Failure as the board; then nothing may be started
   */
  arm(database: DatabaseId): void {
    if (this.#armed.has(database)) return;
    this.#write(new Set([...this.#armed, database]), this.#leases);
    this.#armed.add(database);
  }

  /** After the writer is gone, and before a standby is started, which needs no lease. */
  disarm(database: DatabaseId): void {
    if (!this.#armed.has(database)) return;
    this.#write(new Set([...this.#armed].filter((one) => one !== database)), this.#leases);
    this.#armed.delete(database);
  }

  #extend(database: DatabaseId, given: Lease): void {
    const present = this.#leases.get(database);
    if (given.epoch < Math.max(present?.epoch ?? 0, this.#doors.epochOf(database))) return;
    if (present?.epoch === given.epoch && given.untilMs <= present.untilMs) return;
    if (this.#armed.has(database)) {
      try {
        this.#write(this.#armed, new Map([...this.#leases, [database, given]]));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        // What the board does not show, the guard does not know: the lease is as long as it was.
        this.#doors.log.error("agent.board-failed", { database, error: describeError(error) });
        return;
      }
    }
    this.#leases.set(database, given);
    this.#doors.changed();
  }

  #write(armed: ReadonlySet<DatabaseId>, leases: ReadonlyMap<DatabaseId, Lease>): void {
    this.#doors.board.write(
      [...armed].flatMap((database) => {
        const lease = leases.get(database);
        return lease ? [{ database, epoch: lease.epoch, untilMs: lease.untilMs }] : [];
      }),
    );
  }
}
