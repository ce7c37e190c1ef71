/**
 * A store whose state is in memory and whose every change is on a disk first: reads cost nothing, and what
 * anybody saw survives a crash. Behind it stands an SQLite file, or the simulator's disk.
 *
 * One timer sleeps until the next lease may die. A renewal only moves a deadline in memory and writes nothing.
 */
import type { Clock, Log } from "../env/env.ts";
import { describeError, Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import { assertCommitFits } from "./commit-limits.ts";
import { LeaseDeadlines } from "./lease-deadlines.ts";
import { Ledger, type LedgerState, type LedgerStep } from "./ledger.ts";
import type {
  Change,
  Commit,
  Compare,
  Entry,
  LeaseId,
  Revision,
  Seen,
  Store,
  WatchBatch,
} from "./store.ts";
import { WatchHistory } from "./watch-history.ts";

export type StoreDoors = { readonly clock: Clock; readonly log: Log };

/** Where the ledger lives on. */
export interface LedgerDisk {
  load(): LedgerState;
  /** All of it or nothing; durable when it returns. @throws Failure `disk.full`, `state.not-writable`, `state.damaged` */
  write(step: LedgerStep): void;
  close(): void;
}

/** A lease that could not be ended, because the disk is full, is tried again this often: soon for a person. */
const expiryRetryMs = 1_000;

export class LedgerStore implements Store {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #disk: LedgerDisk;
  readonly #ledger: Ledger;
  readonly #history: WatchHistory;
  readonly #deadlines = new LeaseDeadlines();
  readonly #closed = new AbortController();
  /** Aborts when the time to wake has changed. */
  #nap = new AbortController();

  /** @throws Failure of `disk.load` */
  constructor({ clock, log }: StoreDoors, disk: LedgerDisk) {
    this.#clock = clock;
    this.#log = log;
    this.#disk = disk;
    const state = loadOrClose(disk);
    this.#ledger = new Ledger(state);
    this.#history = new WatchHistory(state.revision);
    for (const lease of state.leases) this.#deadlines.start(lease, clock.monotonicMs());
    void this.#expireForever();
  }

  async get(key: string, signal: AbortSignal): Promise<Entry | undefined> {
    this.#enter(signal);
    return this.#ledger.get(key);
  }

  async list(prefix: string, signal: AbortSignal): Promise<Seen> {
    this.#enter(signal);
    return this.#ledger.list(prefix);
  }

  /** @throws Failure `store.lease-gone` when a put names a lease that has died; and those of the disk */
  async commit(
    compare: readonly Compare[],
    changes: readonly Change[],
    signal: AbortSignal,
  ): Promise<Commit> {
    this.#enter(signal);
    assertCommitFits(compare, changes);
    const step = this.#ledger.planCommit(compare, changes);
    if (!step) return { succeeded: false, revision: this.#ledger.revision };
    for (const { entry } of step.changes) if (entry) this.#requireLease(entry);
    this.#take(step);
    return { succeeded: true, revision: step.revision };
  }

  async grantLease(ttlMs: number, signal: AbortSignal): Promise<LeaseId> {
    this.#enter(signal);
    assert(ttlMs > 0 && Number.isFinite(ttlMs), `a lease of ${ttlMs} ms cannot live`);
    const step = this.#ledger.planGrant(ttlMs);
    assert(step.granted !== undefined, "a grant grants");
    this.#take(step);
    this.#deadlines.start(step.granted, this.#clock.monotonicMs());
    this.#nap.abort();
    return step.granted.id;
  }

  async renewLease(lease: LeaseId, signal: AbortSignal): Promise<boolean> {
    this.#enter(signal);
    return this.#deadlines.renew(lease, this.#clock.monotonicMs());
  }

  async revokeLease(lease: LeaseId, signal: AbortSignal): Promise<void> {
    this.#enter(signal);
    if (this.#deadlines.has(lease)) this.#endLeases([lease]);
  }

  /** Also ends when the store is closed. */
  watch(prefix: string, after: Revision, signal: AbortSignal): AsyncIterable<WatchBatch> {
    this.#enter(signal);
    return this.#history.watch(prefix, after, AbortSignal.any([signal, this.#closed.signal]));
  }

  /** No-op when it is closed. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#nap.abort();
    this.#disk.close();
  }

  #enter(signal: AbortSignal): void {
    signal.throwIfAborted();
    assert(!this.#closed.signal.aborted, "nobody asks a store that is closed");
  }

  #requireLease({ key, lease }: Entry): void {
    if (lease === undefined || this.#deadlines.isAlive(lease, this.#clock.monotonicMs())) return;
    throw new Failure("store.lease-gone", `${key} was not written: its lease ${lease} has ended`);
  }

  #take(step: LedgerStep): void {
    const { changes, granted, ended } = step;
    if (changes.length === 0 && !granted && ended.length === 0) return;
    this.#disk.write(step);
    this.#ledger.apply(step);
    if (changes.length > 0) this.#history.add(step);
  }

  #endLeases(leases: readonly LeaseId[]): void {
    this.#take(this.#ledger.planEnd(leases));
    for (const lease of leases) this.#deadlines.end(lease);
  }

  async #expireForever(): Promise<void> {
    let retryAtMs = 0;
    while (!this.#closed.signal.aborted) {
      await this.#napUntil(retryAtMs);
      if (this.#closed.signal.aborted) return;
      const nowMs = this.#clock.monotonicMs();
      const due = this.#deadlines.due(nowMs);
      if (due.length > 0) retryAtMs = this.#expire(due, nowMs, retryAtMs > 0);
    }
  }

  /** Until the next deadline, not before `earliestMs`; shorter when a lease was granted or the store closed. */
  async #napUntil(earliestMs: number): Promise<void> {
    this.#nap = new AbortController();
    const nextMs = this.#deadlines.nextMs();
    const { signal } = this.#nap;
    if (nextMs === undefined) return aborted(signal);
    const napMs = Math.max(nextMs, earliestMs) - this.#clock.monotonicMs();
    await this.#clock.sleep(napMs, signal).catch(() => undefined);
  }

  /** Answers when to try again; 0 when that is not needed. */
  #expire(due: readonly LeaseId[], nowMs: number, isRetry: boolean): number {
    try {
      this.#endLeases(due);
      return 0;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!isRetry) this.#log.error("store.expiry-failed", { error: describeError(error) });
      return nowMs + expiryRetryMs;
    }
  }
}

function loadOrClose(disk: LedgerDisk): LedgerState {
  try {
    return disk.load();
  } catch (error) {
    disk.close();
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
