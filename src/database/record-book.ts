/**
 * The records of all systems and the journal of their operations: a copy in memory of what the store holds, changed
 * by compare-and-swap alone. When a change fails, it is unknown whether it was made (the answer may have been lost),
 * so the copy is thrown away and read again before anybody decides upon it.
 */
import { Failure } from "../model/failure.ts";
import type { Operation } from "../model/operation.ts";
import type { OperationId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { Change, Compare, Store } from "../store/store.ts";
import {
  formatOperation,
  operationKey,
  operationPrefix,
  parseOperation,
} from "./operation-record.ts";
import { formatRecord, parseRecord, systemPrefix, type SystemRecord } from "./records.ts";

/** A year of weekly drills of a few databases; people read the last ones. */
const operationsMax = 200;

/** Ten: a read is repeated only when a change of this very controller ended meanwhile; compare-and-swap sees the rest. */
const readsMax = 10;

/** `after` undefined: the record goes. `before` undefined: it must not exist. */
export type RecordChange = {
  readonly key: string;
  readonly before: SystemRecord | undefined;
  readonly after: SystemRecord | undefined;
};

/** What one commit changes: each system and operation at most once. */
export type BookChange = {
  readonly records: readonly RecordChange[];
  readonly operations: readonly Operation[];
};

/** Hears each change of an operation once, also one whose answer was lost and that was found by reading again. */
export type OperationHearer = (before: Operation | undefined, after: Operation) => void;

export class RecordBook {
  readonly #store: Store;
  readonly #hear: OperationHearer;
  #records = new Map<string, SystemRecord>();
  #operations = new Map<OperationId, Operation>();
  /** Word for word: an earlier version of Leeward may have written a record with fewer fields. */
  #written = new Map<string, string>();
  #isDoubtful = false;
  /** Counts changes that ended, well or not: what was read while one did may be older than the copy. */
  #ended = 0;

  constructor(store: Store, hear: OperationHearer) {
    this.#store = store;
    this.#hear = hear;
  }

  /** Reads everything, and makes the records that are missing. @throws Failure of the store */
  async open(firsts: ReadonlyMap<string, SystemRecord>, signal: AbortSignal): Promise<void> {
    await this.#read(firsts, signal);
    for (const [key, first] of firsts) {
      if (this.#records.has(key)) continue;
      await this.change(
        { records: [{ key, before: undefined, after: first }], operations: [] },
        signal,
      );
    }
  }

  /** What was read or written last; it may be doubtful, see `settle`. */
  get(key: string): SystemRecord {
    const record = this.#records.get(key);
    assert(record !== undefined, `the record ${key} was opened before anybody asked`);
    return record;
  }

  has(key: string): boolean {
    return this.#records.has(key);
  }

  entries(): readonly (readonly [key: string, record: SystemRecord])[] {
    return [...this.#records];
  }

  operation(id: OperationId): Operation | undefined {
    return this.#operations.get(id);
  }

  /** Newest first. */
  operations(): readonly Operation[] {
    return [...this.#operations.values()].toSorted((a, b) => b.startedWallMs - a.startedWallMs);
  }

  /** Reads everything again when a change failed. Decide only upon what is there afterwards. */
  async settle(signal: AbortSignal): Promise<void> {
    for (let reads = 0; this.#isDoubtful && reads < readsMax; reads++) {
      const known = this.#operations;
      this.#isDoubtful = !(await this.#read(new Map(this.#records), signal));
      if (this.#isDoubtful) continue;
      for (const after of this.operations()) this.#tell(known.get(after.id), after);
    }
  }

  /** @throws Failure `store.conflict` when a record is no longer what it was when this was decided */
  async change({ records, operations }: BookChange, signal: AbortSignal): Promise<void> {
    const compare = records.map(({ key, before }) => this.#unchanged(key, before));
    const changes = [
      ...records.map(
        ({ key, after }): Change =>
          after ? { kind: "put", key, value: formatRecord(after) } : { kind: "delete", key },
      ),
      ...operations.map((operation): Change => {
        return { kind: "put", key: operationKey(operation.id), value: formatOperation(operation) };
      }),
    ];
    const outdated = this.#outdated(operations);
    const all = [...changes, ...outdated.map(removal)];
    const isMade = await this.#commit(compare, all, signal);
    if (!isMade) {
      const keys = records.map(({ key }) => key).join(", ");
      throw new Failure("store.conflict", `The record ${keys} changed while it was decided upon`);
    }
    for (const { key, after } of records) this.#keep(key, after);
    for (const operation of operations) {
      const before = this.#operations.get(operation.id);
      this.#operations.set(operation.id, operation);
      this.#tell(before, operation);
    }
    for (const id of outdated) this.#operations.delete(id);
  }

  #tell(before: Operation | undefined, after: Operation): void {
    const isNews = !before || formatOperation(before) !== formatOperation(after);
    if (isNews) this.#hear(before, after);
  }

  /** Several may be under way at once, so that one that went well says nothing about another. */
  async #commit(
    compare: readonly Compare[],
    changes: readonly Change[],
    signal: AbortSignal,
  ): Promise<boolean> {
    let isMade = false;
    try {
      isMade = (await this.#store.commit(compare, changes, signal)).succeeded;
      return isMade;
    } finally {
      this.#ended += 1;
      if (!isMade) this.#isDoubtful = true;
    }
  }

  /** The oldest that ended, one for each that begins. */
  #outdated(added: readonly Operation[]): readonly OperationId[] {
    const fresh = added.filter(({ id }) => !this.#operations.has(id)).length;
    const excess = this.#operations.size + fresh - operationsMax;
    if (excess <= 0) return [];
    return this.operations()
      .filter(({ phase, id }) => phase === "ended" && !added.some((one) => one.id === id))
      .slice(-excess)
      .map(({ id }) => id);
  }

  /** The claim that the record is what `before` says. */
  #unchanged(key: string, before: SystemRecord | undefined): Compare {
    if (!before) return { key, version: 0 };
    const known = this.#records.get(key);
    const isKnown = known !== undefined && formatRecord(known) === formatRecord(before);
    return { key, value: (isKnown ? this.#written.get(key) : undefined) ?? formatRecord(before) };
  }

  #keep(key: string, record: SystemRecord | undefined): void {
    if (record) {
      this.#records.set(key, record);
      this.#written.set(key, formatRecord(record));
    } else {
      this.#records.delete(key);
      this.#written.delete(key);
    }
  }

  /** Answers false, and keeps nothing, when a change ended meanwhile. */
  async #read(firsts: ReadonlyMap<string, SystemRecord>, signal: AbortSignal): Promise<boolean> {
    const ended = this.#ended;
    const systems = await this.#store.list(systemPrefix, signal);
    const operations = await this.#store.list(operationPrefix, signal);
    if (this.#ended !== ended) return false;
    this.#written = new Map(systems.entries.map(({ key, value }) => [key, value]));
    this.#records = new Map(
      systems.entries.map((entry) => [entry.key, parseRecord(entry, firsts.get(entry.key))]),
    );
    this.#operations = new Map(
      operations.entries.map((entry) => {
        const operation = parseOperation(entry);
        return [operation.id, operation];
      }),
    );
    return true;
  }
}

function removal(id: OperationId): Change {
  return { kind: "delete", key: operationKey(id) };
}
