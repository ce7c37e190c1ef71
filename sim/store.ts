import type { Clock, Log } from "../src/env/env.ts";
import { Failure } from "../src/model/failure.ts";
import { assert } from "../src/std/assert.ts";
import { LedgerStore, type LedgerDisk } from "../src/store/ledger-store.ts";
import { emptyLedger, Ledger, type LedgerState, type LedgerStep } from "../src/store/ledger.ts";
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
} from "../src/store/store.ts";
import type { SeededRandom } from "./random.ts";
import { Rounds } from "./rounds.ts";

/** A disk that outlives the program. One program at a time holds it. */
export class SimDisk implements LedgerDisk {
  /** While true, nothing can be written. */
  isFull = false;
  /** Hears what is on the disk now, after the write. */
  onWrite: (changes: LedgerStep["changes"]) => void = () => undefined;
  readonly #ledger = new Ledger(emptyLedger);
  #isHeld = false;

  load(): LedgerState {
    if (this.#isHeld) throw new Failure("state.in-use", "the simulated disk is held");
    this.#isHeld = true;
    return this.#ledger.state();
  }

  /** What lies on the disk, whoever holds it: for a checker that looks from outside. */
  read(key: string): Entry | undefined {
    return this.#ledger.get(key);
  }

  write(step: LedgerStep): void {
    assert(this.#isHeld, "a dead program writes nothing");
    if (this.isFull) throw new Failure("disk.full", "the simulated disk is full");
    this.#ledger.apply(step);
    this.onWrite(step.changes);
  }

  close(): void {
    this.#isHeld = false;
  }
}

export type SimStoreFaults = {
  /** Each way, a call takes up to this long, as it does when etcd stands behind the interface. */
  readonly latencyMsMax: number;
  /** The share of calls that fail: half of them before anything was done, half after. */
  failureRate: number;
};

export type SimStoreDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: SeededRandom;
};

/** The store of one simulated program: the real one on a simulated disk, slow and unreliable by draw. */
export class SimStore implements Store {
  readonly #doors: SimStoreDoors;
  readonly #faults: SimStoreFaults;
  readonly #store: LedgerStore;
  readonly #ended = new AbortController();
  readonly #rounds: Rounds;

  constructor(doors: SimStoreDoors, disk: SimDisk, faults: SimStoreFaults) {
    this.#doors = doors;
    this.#faults = faults;
    this.#store = new LedgerStore(doors, disk);
    this.#rounds = new Rounds(doors.clock, "the store");
  }

  get(key: string, signal: AbortSignal): Promise<Entry | undefined> {
    return this.#call(() => this.#store.get(key, signal), signal);
  }

  list(prefix: string, signal: AbortSignal): Promise<Seen> {
    return this.#call(() => this.#store.list(prefix, signal), signal);
  }

  commit(
    compare: readonly Compare[],
    changes: readonly Change[],
    signal: AbortSignal,
  ): Promise<Commit> {
    return this.#call(() => this.#store.commit(compare, changes, signal), signal);
  }

  grantLease(ttlMs: number, signal: AbortSignal): Promise<LeaseId> {
    return this.#call(() => this.#store.grantLease(ttlMs, signal), signal);
  }

  renewLease(lease: LeaseId, signal: AbortSignal): Promise<boolean> {
    return this.#call(() => this.#store.renewLease(lease, signal), signal);
  }

  revokeLease(lease: LeaseId, signal: AbortSignal): Promise<void> {
    return this.#call(() => this.#store.revokeLease(lease, signal), signal);
  }

  async *watch(
    prefix: string,
    after: Revision,
    signal: AbortSignal,
  ): AsyncGenerator<WatchBatch, void> {
    for await (const batch of this.#store.watch(prefix, after, signal)) {
      await this.#travel(signal);
      if (signal.aborted || this.#ended.signal.aborted) return;
      yield batch;
    }
  }

  close(): void {
    this.#ended.abort(new Failure("network.unreachable", "the simulated store was closed"));
    this.#store.close();
  }

  /** The program dies: what is under way is never answered well. The disk keeps what was written. */
  crash(): void {
    this.#ended.abort(new Failure("network.unreachable", "the simulated program crashed"));
    this.#store.close();
  }

  async #call<T>(deed: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#rounds.count();
    const { random } = this.#doors;
    const fails = random.chance(this.#faults.failureRate);
    const failsBefore = random.chance(0.5);
    await this.#travel(signal);
    this.#ended.signal.throwIfAborted();
    if (fails && failsBefore) throw new Failure("network.unreachable", "the request was lost");
    const answer = await deed();
    await this.#travel(signal);
    this.#ended.signal.throwIfAborted();
    if (fails) throw new Failure("network.unreachable", "the answer was lost");
    return answer;
  }

  /** Never rejects: whoever called looks at the signals. */
  async #travel(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#doors;
    const latencyMs = random.between(0, this.#faults.latencyMsMax);
    if (latencyMs === 0) return;
    await clock
      .sleep(latencyMs, AbortSignal.any([signal, this.#ended.signal]))
      .catch(() => undefined);
  }
}
