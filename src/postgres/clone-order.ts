/** What the thread that clones and its parent tell each other. */
import type { User } from "./run-as.ts";

export type CloneOrder = {
  readonly host: string;
  readonly port: number;
  /** In clear: a `Secret` does not survive the way into another thread. It is never logged there. */
  readonly password: string;
  readonly systemId: string;
  /** The slot on the upstream that keeps WAL for this instance; made anew before the backup begins. */
  readonly slot: string;
  readonly major: number;
  /** Exists and is empty. */
  readonly directory: string;
  readonly owner: User | undefined;
  readonly reserveBytes: number;
  readonly counters: SharedArrayBuffer;
};

export type CloneFailureCode =
  | "postgres.clone-failed"
  | "postgres.other-cluster"
  | "postgres.other-major"
  | "disk.full";

export type CloneAnswer =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly code: CloneFailureCode; readonly message: string };

const TOTAL = 0;
const RECEIVED = 1;
const STEPS = 2;

/** In shared memory, so that neither side sends messages or sets timers for progress. */
export class CloneCounters {
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(3 * BigInt64Array.BYTES_PER_ELEMENT);
  }

  readonly #cells: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new BigInt64Array(memory);
  }

  setTotal(bytes: number): void {
    Atomics.store(this.#cells, TOTAL, BigInt(bytes));
    this.addStep();
  }

  addReceived(bytes: number): void {
    Atomics.add(this.#cells, RECEIVED, BigInt(bytes));
  }

  /** Something was done that is not a received byte; a thread without bytes and without steps hangs. */
  addStep(): void {
    Atomics.add(this.#cells, STEPS, 1n);
  }

  read(): { readonly totalBytes: number; readonly receivedBytes: number; readonly steps: number } {
    return {
      totalBytes: Number(Atomics.load(this.#cells, TOTAL)),
      receivedBytes: Number(Atomics.load(this.#cells, RECEIVED)),
      steps: Number(Atomics.load(this.#cells, STEPS)),
    };
  }
}
