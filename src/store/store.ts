/**
 * Small, durable truth: desired topology, epochs, leases, the operations journal. The interface is etcd's
 * (revisions, multi-key compare-and-swap, leases, prefix watch), so that etcd itself can stand behind it.
 *
 * Every change has a revision, one larger than the last. Grants of leases are durable, renewals are in
 * memory: after a restart every lease counts as renewed at that moment.
 */
export type Revision = number & { readonly brand: "Revision" };
export type LeaseId = number & { readonly brand: "LeaseId" };

export type Entry = {
  readonly key: string;
  readonly value: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** 1 when the key was created; grows by one with each change of it. */
  readonly version: number;
  readonly lease: LeaseId | undefined;
};

/** A claim about one key, true or false at the moment of the commit. `version: 0` means that it does not exist. */
export type Compare =
  | { readonly key: string; readonly version: number }
  | { readonly key: string; readonly modRevision: Revision }
  | { readonly key: string; readonly value: string };

export type Change =
  | { readonly kind: "put"; readonly key: string; readonly value: string; readonly lease?: LeaseId }
  | { readonly kind: "delete"; readonly key: string }
  | { readonly kind: "delete-prefix"; readonly prefix: string };

export type Commit =
  | { readonly succeeded: true; readonly revision: Revision }
  | { readonly succeeded: false; readonly revision: Revision };

export type Seen = { readonly entries: readonly Entry[]; readonly revision: Revision };

/** What a watch reports: one revision with all the keys that it changed, in order; a deleted key has no entry. */
export type WatchBatch = {
  readonly revision: Revision;
  readonly changes: readonly { readonly key: string; readonly entry: Entry | undefined }[];
};

export interface Store {
  get(key: string, signal: AbortSignal): Promise<Entry | undefined>;
  /** All entries whose keys start with `prefix`, ordered by key, and the revision they were read at. */
  list(prefix: string, signal: AbortSignal): Promise<Seen>;
  /** Makes all changes in one revision when every claim is true; makes none otherwise. Durable when it settles. */
  commit(
    compare: readonly Compare[],
    changes: readonly Change[],
    signal: AbortSignal,
  ): Promise<Commit>;
  /** A lease dies `ttlMs` after its last renewal, and its keys with it. */
  grantLease(ttlMs: number, signal: AbortSignal): Promise<LeaseId>;
  /** False once the lease is gone. */
  renewLease(lease: LeaseId, signal: AbortSignal): Promise<boolean>;
  /** Deletes the lease's keys at once; no-op when it is gone. */
  revokeLease(lease: LeaseId, signal: AbortSignal): Promise<void>;
  /**
   * Every later change below `prefix`, from `after` on, without gaps and in order, until `signal` aborts.
   * @throws Failure `store.compacted` when the history after `after` is no longer kept.
   */
  watch(prefix: string, after: Revision, signal: AbortSignal): AsyncIterable<WatchBatch>;
  close(): void;
}
