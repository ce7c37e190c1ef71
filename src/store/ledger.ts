/**
 * The store's state and its laws, without time, disk or waiting. A change is planned first, written by the
 * caller, and applied last, so that nobody ever sees what is not durable.
 */
import { assert } from "../std/assert.ts";
import type { Change, Compare, Entry, LeaseId, Revision, Seen, WatchBatch } from "./store.ts";

export type LeaseGrant = { readonly id: LeaseId; readonly ttlMs: number };

/** All that has to survive a restart. */
export type LedgerState = {
  readonly revision: Revision;
  /** Ids are never used twice: a renewal that comes late must not reach somebody else's lease. */
  readonly lastLease: LeaseId;
  readonly entries: readonly Entry[];
  readonly leases: readonly LeaseGrant[];
};

/** What one write changes, all of it or nothing. */
export type LedgerStep = WatchBatch & {
  readonly granted: LeaseGrant | undefined;
  readonly ended: readonly LeaseId[];
};

type KeyChange = WatchBatch["changes"][number];

export const emptyLedger: LedgerState = {
  revision: 0 as Revision,
  lastLease: 0 as LeaseId,
  entries: [],
  leases: [],
};

export class Ledger {
  #revision: Revision;
  #lastLease: LeaseId;
  readonly #entries: Map<string, Entry>;
  readonly #leases: Map<LeaseId, LeaseGrant>;

  constructor(state: LedgerState) {
    this.#revision = state.revision;
    this.#lastLease = state.lastLease;
    this.#entries = new Map(state.entries.map((entry) => [entry.key, entry]));
    this.#leases = new Map(state.leases.map((lease) => [lease.id, lease]));
  }

  get revision(): Revision {
    return this.#revision;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  list(prefix: string): Seen {
    return { entries: this.#below(prefix), revision: this.#revision };
  }

  state(): LedgerState {
    return {
      revision: this.#revision,
      lastLease: this.#lastLease,
      entries: this.#below(""),
      leases: [...this.#leases.values()],
    };
  }

  /** Undefined when a claim is false. As in etcd, a commit that changes no key takes no revision. */
  planCommit(compare: readonly Compare[], changes: readonly Change[]): LedgerStep | undefined {
    if (!compare.every((claim) => this.#isTrue(claim))) return undefined;
    return this.#step(changes.flatMap((change) => this.#effects(change)));
  }

  planGrant(ttlMs: number): LedgerStep {
    const id = (this.#lastLease + 1) as LeaseId;
    return { ...this.#step([]), granted: { id, ttlMs } };
  }

  /** Ends the leases and deletes their keys, in one revision. */
  planEnd(leases: readonly LeaseId[]): LedgerStep {
    const keys = this.#below("").filter(
      ({ lease }) => lease !== undefined && leases.includes(lease),
    );
    return { ...this.#step(keys.map(({ key }) => ({ key, entry: undefined }))), ended: leases };
  }

  apply(step: LedgerStep): void {
    const grows = step.changes.length > 0 ? 1 : 0;
    assert(step.revision === this.#revision + grows, "a step follows the state it was planned on");
    this.#revision = step.revision;
    for (const { key, entry } of step.changes) {
      if (entry) this.#entries.set(key, entry);
      else this.#entries.delete(key);
    }
    for (const lease of step.ended) this.#leases.delete(lease);
    if (step.granted) {
      this.#lastLease = step.granted.id;
      this.#leases.set(step.granted.id, step.granted);
    }
  }

  #step(changes: readonly KeyChange[]): LedgerStep {
    const revision = (this.#revision + (changes.length > 0 ? 1 : 0)) as Revision;
    return { revision, changes, granted: undefined, ended: [] };
  }

  #isTrue(claim: Compare): boolean {
    const entry = this.#entries.get(claim.key);
    if ("version" in claim) return (entry?.version ?? 0) === claim.version;
    if ("modRevision" in claim) return (entry?.modRevision ?? 0) === claim.modRevision;
    return entry?.value === claim.value;
  }

  #effects(change: Change): readonly KeyChange[] {
    switch (change.kind) {
      case "put":
        return [{ key: change.key, entry: this.#put(change.key, change.value, change.lease) }];
      case "delete":
        return this.#entries.has(change.key) ? [{ key: change.key, entry: undefined }] : [];
      case "delete-prefix":
        return this.#below(change.prefix).map(({ key }) => ({ key, entry: undefined }));
    }
  }

  #put(key: string, value: string, lease: LeaseId | undefined): Entry {
    const before = this.#entries.get(key);
    const modRevision = (this.#revision + 1) as Revision;
    return {
      key,
      value,
      createRevision: before?.createRevision ?? modRevision,
      modRevision,
      version: (before?.version ?? 0) + 1,
      lease,
    };
  }

  #below(prefix: string): readonly Entry[] {
    return [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix)).toSorted(byKey);
  }
}

function byKey(a: Entry, b: Entry): number {
  return a.key < b.key ? -1 : 1;
}
