/**
 * The records of all services: a copy in memory of what the store holds, changed by compare-and-swap alone. When a
 * change fails, it is unknown whether it was made (the answer may have been lost), so its records are read again before
 * anybody decides upon them.
 */
import { Failure } from "../model/failure.ts";
import type { Change, Compare, Store } from "../store/store.ts";
import {
  formatScaleRecord,
  parseScaleRecord,
  scaleKey,
  scalePrefix,
  type Place,
  type ScaleRecord,
} from "./scale-record.ts";

/** 64 of the 128 changes that a commit may make: what is outdated goes in as many commits as it takes. */
const removalsMax = 64;

export type RecordChange = { readonly place: Place; readonly record: ScaleRecord };

export class ScaleBook {
  readonly #store: Store;
  readonly #records = new Map<string, ScaleRecord>();
  /** Word for word, for the next comparison. */
  readonly #written = new Map<string, string>();
  readonly #doubtful = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads the records of `places`, and removes those of services and Regions that are no more. */
  async open(places: readonly Place[], signal: AbortSignal): Promise<void> {
    const known = new Set(places.map(scaleKey));
    const { entries } = await this.#store.list(scalePrefix, signal);
    for (const entry of entries) {
      if (!known.has(entry.key)) continue;
      this.#keep(entry.key, parseScaleRecord(entry), entry.value);
    }
    const outdated = entries.map(({ key }) => key).filter((key) => !known.has(key));
    for (let from = 0; from < outdated.length; from += removalsMax) {
      const keys = outdated.slice(from, from + removalsMax);
      const changes = keys.map((key): Change => ({ kind: "delete", key }));
      await this.#store.commit([], changes, signal);
    }
  }

  /** As it was read or written last; undefined: nobody has changed it. Settle first. */
  get(place: Place): ScaleRecord | undefined {
    return this.#records.get(scaleKey(place));
  }

  /** Reads again what a failed change left in doubt; answers which. @throws Failure of the store */
  async settle(signal: AbortSignal): Promise<readonly string[]> {
    const settled = [...this.#doubtful];
    for (const key of settled) {
      const entry = await this.#store.get(key, signal);
      if (entry) this.#keep(key, parseScaleRecord(entry), entry.value);
      else this.#forget(key);
      this.#doubtful.delete(key);
    }
    return settled;
  }

  /** All of them or none. @throws Failure `store.conflict` when another controller has changed one of them */
  async change(changes: readonly RecordChange[], signal: AbortSignal): Promise<void> {
    const puts = changes.map(({ place, record }) => {
      return { kind: "put", key: scaleKey(place), value: formatScaleRecord(record) } as const;
    });
    const keys = puts.map(({ key }) => key);
    for (const key of keys) this.#doubtful.add(key);
    const { succeeded } = await this.#store.commit(
      keys.map((key) => this.#claim(key)),
      puts,
      signal,
    );
    if (!succeeded) {
      const message = `${keys.join(", ")} changed while it was decided upon`;
      throw new Failure("store.conflict", message);
    }
    changes.forEach(({ place, record }) => {
      this.#keep(scaleKey(place), record, formatScaleRecord(record));
    });
    for (const key of keys) this.#doubtful.delete(key);
  }

  #claim(key: string): Compare {
    const value = this.#written.get(key);
    return value === undefined ? { key, version: 0 } : { key, value };
  }

  #keep(key: string, record: ScaleRecord, written: string): void {
    this.#records.set(key, record);
    this.#written.set(key, written);
  }

  #forget(key: string): void {
    this.#records.delete(key);
    this.#written.delete(key);
  }
}
