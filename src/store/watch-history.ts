import { Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import { Pulse } from "../std/pulse.ts";
import type { Revision, WatchBatch } from "./store.ts";

/** A watcher may lag this many revisions: minutes of a busy world, a few MB at our sizes. */
export const historyRevisionsMax = 1_000;

/**
 * The last revisions, in memory, shared by all watchers. A watcher holds a position and no queue, so that a
 * slow one costs nothing; one that falls behind the history is told, and reads the present state again.
 */
export class WatchHistory {
  /** Without gaps: the batch of revision r stands at r - oldest. */
  readonly #batches: WatchBatch[] = [];
  readonly #pulse = new Pulse();
  #revision: Revision;

  constructor(revision: Revision) {
    this.#revision = revision;
  }

  add(batch: WatchBatch): void {
    assert(batch.revision === this.#revision + 1, "the history has no gaps");
    this.#revision = batch.revision;
    this.#batches.push({ revision: batch.revision, changes: batch.changes });
    if (this.#batches.length > historyRevisionsMax) this.#batches.shift();
    this.#pulse.beat();
  }

  /** Ends quietly when `signal` aborts. @throws Failure `store.compacted` */
  async *watch(prefix: string, after: Revision, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    let seen: number = after;
    while (!signal.aborted) {
      if (seen >= this.#revision) {
        await this.#pulse.next(signal);
        continue;
      }
      const { revision, changes } = this.#following(seen);
      seen = revision;
      const below = changes.filter(({ key }) => key.startsWith(prefix));
      if (below.length > 0) yield { revision, changes: below };
    }
  }

  #following(revision: number): WatchBatch {
    const oldest = this.#revision - this.#batches.length + 1;
    const batch = this.#batches[revision + 1 - oldest];
    if (batch) return batch;
    const message = `the changes after revision ${revision} are gone, the oldest kept is ${oldest}`;
    throw new Failure("store.compacted", message);
  }
}
