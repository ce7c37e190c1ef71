/**
 * The records of all systems: a copy in memory of what the store holds, changed by compare-and-swap alone. When
 * a change fails, it is unknown whether it was made (the answer may have been lost), so the copy is thrown away
 * and read again before anybody decides upon it.
 */
import { Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import type { Store } from "../store/store.ts";
import { formatRecord, parseRecord, type SystemRecord } from "./records.ts";

export class RecordBook {
  readonly #store: Store;
  readonly #records = new Map<string, SystemRecord>();
  readonly #doubtful = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads the record, and makes it from `first` when there is none. @throws Failure of the store */
  async open(key: string, first: SystemRecord, signal: AbortSignal): Promise<void> {
    const entry = await this.#store.get(key, signal);
    if (entry) this.#records.set(key, parseRecord(entry));
    else await this.#commit(key, undefined, first, signal);
  }

  /** What was read or written last; it may be doubtful, see `settle`. */
  get(key: string): SystemRecord {
    const record = this.#records.get(key);
    assert(record !== undefined, `the record ${key} was opened before anybody asked`);
    return record;
  }

  /** Reads the record again when the last change of it failed. Decide only upon what this answers. */
  async settle(key: string, signal: AbortSignal): Promise<SystemRecord> {
    if (this.#doubtful.has(key)) {
      const entry = await this.#store.get(key, signal);
      if (!entry) throw new Failure("state.damaged", `The record ${key} is gone from the store`);
      this.#records.set(key, parseRecord(entry));
      this.#doubtful.delete(key);
    }
    return this.get(key);
  }

  /** @throws Failure `store.conflict` when the record is no longer what it was when this was decided */
  async change(
    key: string,
    before: SystemRecord,
    after: SystemRecord,
    signal: AbortSignal,
  ): Promise<void> {
    this.#doubtful.add(key);
    await this.#commit(key, before, after, signal);
    this.#doubtful.delete(key);
  }

  async #commit(
    key: string,
    before: SystemRecord | undefined,
    after: SystemRecord,
    signal: AbortSignal,
  ): Promise<void> {
    const unchanged = before ? { key, value: formatRecord(before) } : { key, version: 0 };
    const put = { kind: "put", key, value: formatRecord(after) } as const;
    const { succeeded } = await this.#store.commit([unchanged], [put], signal);
    if (!succeeded) {
      throw new Failure("store.conflict", `The record ${key} changed while it was decided upon`);
    }
    this.#records.set(key, after);
  }
}
