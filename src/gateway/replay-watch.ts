/**
 * What one local instance has replayed, for those who must not read before it. Nobody asks while nobody waits; while
 * somebody does, one question at a time answers all of them.
 */
import type { Clock } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { Fork } from "../model/fork.ts";
import { Backoff } from "../std/backoff.ts";
import { Bell } from "../std/bell.ts";
import { onAbort } from "../std/on-abort.ts";
import { ReplayLag } from "./replay-lag.ts";
import { hasReplayed, isBeyondFork, type WalPoint } from "./token.ts";
import { type HeapEntry, WaitHeap } from "./wait-heap.ts";

/** Of a writer: it has all that its timeline will ever have. */
export const EVERYTHING = Number.MAX_SAFE_INTEGER;

/** Who comes when so many wait already is told at once that it was in vain, and reads at the writer. */
const WAITERS_MAX = 10_000;

/** The machine's timers are no finer. */
const PACE_MIN_MS = 1;
/** A look costs the instance some 0.1 ms: a hundredth of its time when replay stands still. */
const PACE_MAX_MS = 10;

/** While the instance cannot be asked. */
const FAILURE_FIRST_MS = 5;
const FAILURE_MAX_MS = 100;

/** The next read that is sent away prolongs it. */
const FOLLOW_MS = 1000;

/** One for all: a stack trace for each wait would cost more than the rest. */
const isOver = new Error("the wait is over");

export type ReplayWatchDoors = {
  readonly clock: Clock;
  /** What the instance has replayed now; `EVERYTHING` of a writer. Ends by itself within a bound. */
  readonly position: (signal: AbortSignal) => Promise<WalPoint>;
};

type Waiter = HeapEntry & {
  readonly point: WalPoint;
  readonly sinceMs: number;
  readonly settle: (isReached: boolean) => void;
};

export class ReplayWatch {
  readonly #doors: ReplayWatchDoors;
  readonly #end: AbortSignal;
  /** By timeline: positions of two timelines have no order that is always true. */
  readonly #heaps = new Map<number, WaitHeap<Waiter>>();
  readonly #lag = new ReplayLag();
  readonly #backoff = new Backoff(FAILURE_FIRST_MS, FAILURE_MAX_MS);
  #waiting = 0;
  #position: WalPoint | undefined;
  /** It has something that the newest primary has not: no read of a session may see that. */
  #isDiverged = false;
  #forks: readonly Fork[] = [];
  /** Counts what made positions from before worthless. */
  #life = 0;
  #isPolling = false;
  #canBeWoken = false;
  readonly #newcomer = new Bell();

  /** Asks nothing more once `end` aborts; who waits then is told that it was in vain. */
  constructor(doors: ReplayWatchDoors, end: AbortSignal) {
    this.#doors = doors;
    this.#end = end;
    onAbort(end, () => this.#giveUp());
  }

  /** How many sessions wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Where the instance was when last asked. */
  get position(): WalPoint | undefined {
    return this.#position;
  }

  /** What is known already says that the instance has replayed the point. Asks nobody. */
  hasReached(point: WalPoint): boolean {
    const at = this.#position;
    if (at === undefined || this.#isDiverged || at.lsn < point.lsn) return false;
    return at.timeline === point.timeline || hasReplayed(at, point, this.#forks);
  }

  /** True as soon as the instance has replayed the point; false when it has not within `withinMs`. */
  waitFor(point: WalPoint, withinMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.hasReached(point)) return Promise.resolve(true);
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#end.aborted || this.#waiting >= WAITERS_MAX) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      const leave = (): void => {
        forget();
        over.abort(isOver);
        this.#remove(waiter);
      };
      const settle = (isReached: boolean): void => {
        leave();
        resolve(isReached);
      };
      const forget = onAbort(signal, () => {
        leave();
        reject(signal.reason as Error);
      });
      const sinceMs = this.#doors.clock.monotonicMs();
      const waiter: Waiter = { lsn: point.lsn, place: -1, point, sinceMs, settle };
      this.#add(waiter);
      this.#doors.clock.sleep(withinMs, over.signal).then(
        () => settle(false),
        // Somebody else was first.
        () => undefined,
      );
      if (this.#canBeWoken) this.#newcomer.ring();
      void this.#poll();
    });
  }

  /** In ms from now; 0 when nobody can say. */
  expectedWaitMs(point: WalPoint): number {
    return this.#lag.expectedWaitMs(point.lsn, this.#doors.clock.monotonicMs());
  }

  /** How long a position that the writer names now would have to be waited for, in ms. */
  get lagMs(): number {
    return this.#lag.expectedWaitMs(EVERYTHING, this.#doors.clock.monotonicMs());
  }

  /**
   * The writer has named this position. To be called for every token of every session, and never for one that a client
   * has set: the lag of all is judged by how long it takes from here until it is reached.
   */
  learnt(point: WalPoint): void {
    this.#lag.learnt(point.lsn, this.#doors.clock.monotonicMs());
  }

  /**
   * A read was sent to the writer instead of waiting. Follows the instance until it has replayed the point, for whoever
   * comes next: while all reads are sent away nobody else would see that it has caught up.
   */
  follow(point: WalPoint): void {
    if (this.#isPolling || this.#backoff.failures > 0) return;
    this.waitFor(point, FOLLOW_MS, this.#end).catch(() => undefined);
  }

  /** The timelines as they are known now; who waits may have been reached by that alone. */
  useForks(forks: readonly Fork[]): void {
    this.#forks = forks;
    this.#settleReached();
  }

  /** The instance, or the connection to it, was lost: after a crash it may be back with less than it had replayed. */
  forget(): void {
    this.#life += 1;
    this.#position = undefined;
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    const { clock } = this.#doors;
    while (this.#waiting > 0 && !this.#end.aborted) {
      const isSeen = await this.#ask();
      if (this.#waiting === 0) break;
      const ms = isSeen ? this.#paceMs() : this.#backoff.nextMs();
      // Who comes while the pace is slow has perhaps to wait less than the others.
      this.#canBeWoken = isSeen && ms > PACE_MIN_MS;
      await pause(clock, this.#newcomer, ms, this.#end);
      this.#canBeWoken = false;
    }
    this.#isPolling = false;
  }

  /** An eighth of what the nearest one is expected to take, or has taken, so that it is met within that of its time. */
  #paceMs(): number {
    const nowMs = this.#doors.clock.monotonicMs();
    let nearestMs = Infinity;
    for (const { first } of this.#heaps.values()) {
      if (!first) continue;
      const takesMs = Math.max(this.expectedWaitMs(first.point), nowMs - first.sinceMs);
      nearestMs = Math.min(nearestMs, takesMs);
    }
    return Math.min(PACE_MAX_MS, Math.max(PACE_MIN_MS, nearestMs / 8));
  }

  /** Whether the instance answered. */
  async #ask(): Promise<boolean> {
    const life = this.#life;
    try {
      const position = await this.#doors.position(this.#end);
      if (life === this.#life) this.#see(position);
      this.#backoff.reset();
      return true;
    } catch {
      // Whoever waits has a bound of its own, and the instance's health is watched by others.
      this.forget();
      return false;
    }
  }

  #see(position: WalPoint): void {
    if (this.#position !== undefined && this.#position.timeline !== position.timeline) {
      this.#lag.forget();
    }
    this.#position = position;
    this.#lag.seen(position.lsn, this.#doors.clock.monotonicMs());
    this.#settleReached();
  }

  #settleReached(): void {
    const at = this.#position;
    if (at === undefined) return;
    this.#isDiverged = isBeyondFork(at, this.#forks);
    for (const heap of this.#heaps.values()) {
      // The rest of a heap lies beyond its first.
      while (heap.first !== undefined && this.hasReached(heap.first.point)) heap.first.settle(true);
    }
  }

  #giveUp(): void {
    for (const heap of this.#heaps.values()) {
      while (heap.first !== undefined) heap.first.settle(false);
    }
  }

  #add(waiter: Waiter): void {
    const { timeline } = waiter.point;
    const heap = this.#heaps.get(timeline) ?? new WaitHeap<Waiter>();
    this.#heaps.set(timeline, heap);
    heap.add(waiter);
    this.#waiting += 1;
  }

  #remove(waiter: Waiter): void {
    if (waiter.place < 0) return;
    const { timeline } = waiter.point;
    const heap = this.#heaps.get(timeline);
    heap?.remove(waiter);
    if (heap?.size === 0) this.#heaps.delete(timeline);
    this.#waiting -= 1;
  }
}
