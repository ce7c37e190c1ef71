/** Where an agent shows its leases to whoever has to act when it does not: the guard, and the agent after it. */
import type { DatabaseId, Epoch } from "../model/region.ts";

/**
 * The servers of this database in this Region may run only before `untilMs` on the machine's monotonic clock;
 * after it they are killed, again and again. So an agent puts a lease on the board before it starts a writer,
 * and takes it off after the writer is gone and before it starts a standby. What is not on the board is left alone.
 */
export type BoardLease = {
  readonly database: DatabaseId;
  readonly epoch: Epoch;
  readonly untilMs: number;
};

export interface LeaseBoard {
  /**
   * Replaces all that is on it; a guard sees it at its next look.
   * @throws Failure `state.not-writable`, `disk.full`: what it showed before stays in force, also for the guard.
   */
  write(leases: readonly BoardLease[]): void;
  /** What was written last since the machine was started, also by an agent before this one. */
  read(): readonly BoardLease[];
}
