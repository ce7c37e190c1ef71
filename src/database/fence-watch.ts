/**
 * Sleeps until the nearest deadline of a lease that a writer here runs on, and fences the writer when it passes (I2).
 * It needs nobody's answer and waits for nothing else that goes on here. The guard does the same, if this stands still.
 */
import type { Clock } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Assignment } from "../model/assignment.ts";
import type { DatabaseId } from "../model/region.ts";
import { Bell } from "../std/bell.ts";
import type { Leases } from "./leases.ts";

/** 250 ms until a fence that failed is tried again: a process that SIGKILL does not end hangs in the kernel. */
const againMs = 250;
/** 1 h: nothing runs here that a lease could end; the bell wakes it. */
const idleMs = 3_600_000;

/** A server that may be accepting writes, or is about to. */
export type Fenceable = {
  readonly database: DatabaseId;
  readonly assignment: Assignment | undefined;
  /** Settles when no process of it is left. @throws Failure when one is */
  readonly fence: (because: string) => Promise<void>;
};

export type FenceDoors = {
  readonly clock: Clock;
  readonly leases: Leases;
  /** All that run now, or are being started or promoted. */
  readonly writers: () => readonly Fenceable[];
};

export class FenceWatch {
  readonly #doors: FenceDoors;
  readonly #bell = new Bell();
  readonly #underWay = new Set<DatabaseId>();

  constructor(doors: FenceDoors) {
    this.#doors = doors;
  }

  /** A server may write that could not before, or an assignment changed. A lease that was renewed need not be told. */
  look(): void {
    this.#bell.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { clock } = this.#doors;
      const waits = this.#doors.writers().map((writer) => this.#waitMs(writer));
      await pause(clock, this.#bell, Math.min(idleMs, ...waits), signal);
    }
  }

  /** Fences the writer when it must not go on; answers when to look at it again, in ms. */
  #waitMs(writer: Fenceable): number {
    const { database, assignment } = writer;
    if (this.#underWay.has(database)) return againMs;
    const because = reasonToFence(assignment);
    const leftMs = because === undefined ? this.#leftMs(database, assignment) : 0;
    if (leftMs > 0) return leftMs;
    this.#underWay.add(database);
    void this.#fence(writer, because ?? "its lease has ended and nobody renewed it");
    return againMs;
  }

  #leftMs(database: DatabaseId, assignment: Assignment | undefined): number {
    return assignment ? this.#doors.leases.leftMs(database, assignment.epoch) : 0;
  }

  async #fence(writer: Fenceable, because: string): Promise<void> {
    // It says itself in the log what went wrong; the next look tries again.
    await writer.fence(because).catch(() => undefined);
    this.#underWay.delete(writer.database);
  }
}

function reasonToFence(assignment: Assignment | undefined): string | undefined {
  if (!assignment) return "the controller has not said that it may write";
  if (assignment.role === "primary") return undefined;
  return `another Region is the writer since epoch ${assignment.epoch}`;
}
