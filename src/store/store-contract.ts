import fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../env/env.ts";
import { followModel, stepsArbitrary } from "./commit-model-contract.ts";
import type { Change, Compare, LeaseId, Revision, Store, WatchBatch } from "./store.ts";

/** A store, and the world around it. `drive` runs a body; a simulated clock makes time pass while it waits. */
export type StoreWorld = {
  readonly clock: Clock;
  /** The store; after `restart` the next one. */
  store(): Store;
  /** The program dies without a farewell and starts again on what is durable. */
  restart(): void;
  end(): void;
};

export type StoreHarness = {
  make(): StoreWorld;
  drive(world: StoreWorld, body: () => Promise<void>): Promise<void>;
};

const never = new AbortController().signal;
const put = (key: string, value: string, lease?: LeaseId): Change =>
  lease === undefined ? { kind: "put", key, value } : { kind: "put", key, value, lease };
const remove = (key: string): Change => ({ kind: "delete", key });
const zero = 0 as Revision;

/** What every `Store` promises. */
export function registerStoreContract(harness: StoreHarness): void {
  const withWorld = async (body: (world: StoreWorld) => Promise<void>): Promise<void> => {
    const world = harness.make();
    try {
      await harness.drive(world, () => body(world));
    } finally {
      world.end();
    }
  };
  const check = (name: string, body: (world: StoreWorld) => Promise<void>): void =>
    test(name, () => withWorld(body));

  registerCommits(check, withWorld);
  registerLeases(check);
  registerWatches(check);
}

type Check = (name: string, body: (world: StoreWorld) => Promise<void>) => void;
type WithWorld = (body: (world: StoreWorld) => Promise<void>) => Promise<void>;

function registerCommits(check: Check, withWorld: WithWorld): void {
  check("an empty store is at revision 0 and holds nothing", async ({ store }) => {
    expect(await store().list("", never)).toEqual({ entries: [], revision: 0 });
    expect(await store().get("a", never)).toBeUndefined();
  });

  check("all changes of a commit share one revision", async ({ store }) => {
    const commit = await store().commit([], [put("a", "1"), put("b", "2")], never);
    expect(commit).toEqual({ succeeded: true, revision: 1 });
    const { entries } = await store().list("", never);
    expect(entries.map(({ modRevision }) => modRevision)).toEqual([1, 1]);
  });

  check("a key remembers when it was made and counts its changes", async ({ store }) => {
    for (const value of ["1", "2", "3"]) await store().commit([], [put("a", value)], never);
    expect(await store().get("a", never)).toEqual({
      key: "a",
      value: "3",
      createRevision: 1,
      modRevision: 3,
      version: 3,
      lease: undefined,
    });
  });

  check("a key that was deleted starts again at version 1", async ({ store }) => {
    await store().commit([], [put("a", "1")], never);
    await store().commit([], [remove("a")], never);
    await store().commit([], [put("a", "2")], never);
    expect(await store().get("a", never)).toMatchObject({ createRevision: 3, version: 1 });
  });

  check("one false claim stops the whole commit", async ({ store }) => {
    await store().commit([], [put("a", "1")], never);
    const claims: Compare[] = [
      { key: "a", version: 1 },
      { key: "b", version: 1 },
    ];
    const commit = await store().commit(claims, [put("a", "2"), put("c", "3")], never);
    expect(commit).toEqual({ succeeded: false, revision: 1 });
    expect((await store().list("", never)).entries).toMatchObject([{ key: "a", value: "1" }]);
  });

  check("version 0 claims that a key does not exist", async ({ store }) => {
    const claim = [{ key: "a", version: 0 }];
    expect(await store().commit(claim, [put("a", "1")], never)).toMatchObject({ succeeded: true });
    expect(await store().commit(claim, [put("a", "2")], never)).toMatchObject({ succeeded: false });
  });

  check("claims are about version, revision or value", async ({ store }) => {
    await store().commit([], [put("x", "0")], never);
    await store().commit([], [put("a", "1")], never);
    const holds = async (claim: Compare): Promise<boolean> =>
      (await store().commit([claim], [], never)).succeeded;
    expect(await holds({ key: "a", version: 1 })).toBe(true);
    expect(await holds({ key: "a", version: 2 })).toBe(false);
    expect(await holds({ key: "a", modRevision: 2 as Revision })).toBe(true);
    expect(await holds({ key: "a", modRevision: 1 as Revision })).toBe(false);
    expect(await holds({ key: "a", value: "1" })).toBe(true);
    expect(await holds({ key: "a", value: "2" })).toBe(false);
    expect(await holds({ key: "gone", value: "" })).toBe(false);
  });

  check("a commit that changes nothing takes no revision", async ({ store }) => {
    await store().commit([], [put("a", "1")], never);
    const nothing = await store().commit([], [remove("b")], never);
    expect(nothing).toEqual({ succeeded: true, revision: 1 });
  });

  check("a prefix is deleted whole and alone", async ({ store }) => {
    await store().commit([], [put("a/1", ""), put("a/2", ""), put("ab", "")], never);
    await store().commit([], [{ kind: "delete-prefix", prefix: "a/" }], never);
    const { entries } = await store().list("", never);
    expect(entries.map(({ key }) => key)).toEqual(["ab"]);
  });

  check("a list is ordered by key and keeps to its prefix", async ({ store }) => {
    await store().commit([], [put("b/2", ""), put("a", ""), put("b/10", ""), put("c", "")], never);
    const { entries } = await store().list("b/", never);
    expect(entries.map(({ key }) => key)).toEqual(["b/10", "b/2"]);
  });

  check("text of every script survives, and a restart too", async (world) => {
    const value = JSON.stringify({ name: "Ωmega 🦭 \u0000 '; DROP TABLE entry; --" });
    await world.store().commit([], [put("clé/键/🔑", value)], never);
    world.restart();
    expect(await world.store().get("clé/键/🔑", never)).toMatchObject({ value, version: 1 });
  });

  check("a commit that changes one key twice is a bug", async ({ store }) => {
    const twice = (...changes: Change[]): Promise<unknown> => store().commit([], changes, never);
    await expect(twice(put("a", "1"), remove("a"))).rejects.toThrow("twice");
    const prefix: Change = { kind: "delete-prefix", prefix: "a/" };
    await expect(twice(prefix, put("a/1", ""))).rejects.toThrow("twice");
    await expect(twice(put("a/1", ""), prefix)).rejects.toThrow("twice");
  });

  check("what SQLite and etcd cannot hold is refused", async ({ store }) => {
    for (const bad of ["a\0b", "\ud800"]) {
      await expect(store().commit([], [put(bad, "")], never)).rejects.toThrow("NUL");
      await expect(store().commit([], [put("a", bad)], never)).rejects.toThrow("NUL");
    }
    await expect(store().commit([], [put("", "1")], never)).rejects.toThrow("a key has");
  });

  check("an aborted signal stops every call before it does anything", async ({ store }) => {
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(store().commit([], [put("a", "1")], gone)).rejects.toThrow("gone");
    await expect(store().get("a", gone)).rejects.toThrow("gone");
    await expect(store().grantLease(1_000, gone)).rejects.toThrow("gone");
    expect((await store().list("", never)).revision).toBe(0);
  });

  test("any series of commits and restarts ends where a plain map ends", async () => {
    await fc.assert(
      fc.asyncProperty(stepsArbitrary, (steps) => withWorld((world) => followModel(world, steps))),
      { numRuns: 25 },
    );
  });
}

function registerLeases(check: Check): void {
  /** Long beside the hiccups of a busy machine, short beside a person's patience. */
  const ttlMs = 300;

  check("a lease that is not renewed dies, and all its keys in one revision", async (world) => {
    const { clock } = world;
    const grantedMs = clock.monotonicMs();
    const lease = await world.store().grantLease(ttlMs, never);
    const { revision } = await world
      .store()
      .commit([], [put("a", "1", lease), put("b", "2", lease), put("c", "3")], never);
    const [batch] = await take(world.store().watch("", revision, never), 1);
    expect(clock.monotonicMs() - grantedMs).toBeGreaterThanOrEqual(ttlMs);
    expect(batch?.changes).toEqual([
      { key: "a", entry: undefined },
      { key: "b", entry: undefined },
    ]);
    expect(await world.store().renewLease(lease, never)).toBe(false);
    expect(await world.store().get("c", never)).toMatchObject({ value: "3" });
  });

  check("a lease lives as long as it is renewed", async ({ clock, store }) => {
    const lease = await store().grantLease(ttlMs, never);
    await store().commit([], [put("a", "1", lease)], never);
    for (let round = 0; round < 5; round++) {
      await clock.sleep(ttlMs / 3, never);
      expect(await store().renewLease(lease, never)).toBe(true);
    }
    expect(await store().get("a", never)).toMatchObject({ lease });
  });

  check("a renewal takes no revision", async ({ store }) => {
    const lease = await store().grantLease(60_000, never);
    await store().renewLease(lease, never);
    expect((await store().list("", never)).revision).toBe(0);
  });

  check("a short lease granted after a long one dies first", async ({ store }) => {
    const long = await store().grantLease(60_000, never);
    const short = await store().grantLease(ttlMs, never);
    await store().commit([], [put("long", "", long), put("short", "", short)], never);
    const [batch] = await take(store().watch("", 1 as Revision, never), 1);
    expect(batch?.changes).toEqual([{ key: "short", entry: undefined }]);
    expect(await store().renewLease(long, never)).toBe(true);
  });

  check("a revoked lease takes its keys along at once", async ({ store }) => {
    const lease = await store().grantLease(60_000, never);
    await store().commit([], [put("a", "1", lease)], never);
    await store().revokeLease(lease, never);
    expect(await store().get("a", never)).toBeUndefined();
    expect(await store().renewLease(lease, never)).toBe(false);
    await store().revokeLease(lease, never);
    expect((await store().list("", never)).revision).toBe(2);
  });

  check("a put without a lease frees the key from its lease", async ({ store }) => {
    const lease = await store().grantLease(60_000, never);
    await store().commit([], [put("a", "1", lease)], never);
    await store().commit([], [put("a", "2")], never);
    await store().revokeLease(lease, never);
    expect(await store().get("a", never)).toMatchObject({ value: "2", lease: undefined });
  });

  check("nothing is written under a lease that has ended", async ({ store }) => {
    const lease = await store().grantLease(60_000, never);
    await store().revokeLease(lease, never);
    const late = store().commit([], [put("a", "1", lease), put("b", "2")], never);
    await expect(late).rejects.toMatchObject({ code: "store.lease-gone" });
    expect((await store().list("", never)).entries).toEqual([]);
  });

  check("after a restart a lease counts as renewed at that moment", async (world) => {
    const lease = await world.store().grantLease(ttlMs, never);
    await world.store().commit([], [put("a", "1", lease)], never);
    await world.clock.sleep(ttlMs / 2, never);
    world.restart();
    const restartedMs = world.clock.monotonicMs();
    expect(await world.store().get("a", never)).toMatchObject({ lease });
    await take(world.store().watch("", 1 as Revision, never), 1);
    expect(world.clock.monotonicMs() - restartedMs).toBeGreaterThanOrEqual(ttlMs);
  });

  check("no lease ever gets the id of another, also after a restart", async (world) => {
    const first = await world.store().grantLease(60_000, never);
    await world.store().revokeLease(first, never);
    world.restart();
    const second = await world.store().grantLease(60_000, never);
    expect(second).toBeGreaterThan(first);
    expect(await world.store().renewLease(first, never)).toBe(false);
  });
}

function registerWatches(check: Check): void {
  check("a watcher gets the past from its revision on, then the future", async ({ store }) => {
    for (const value of ["1", "2"]) await store().commit([], [put("a", value)], never);
    const batches = take(store().watch("", 1 as Revision, never), 3);
    await store().commit([], [put("a", "3")], never);
    await store().commit([], [remove("a")], never);
    expect((await batches).map(summary)).toEqual(["2 a=2", "3 a=3", "4 a-"]);
  });

  check("a watcher sees its prefix alone, each revision whole", async ({ store }) => {
    const batches = take(store().watch("a/", zero, never), 2);
    await store().commit([], [put("a/1", "x"), put("b/1", "x"), put("a/2", "x")], never);
    await store().commit([], [put("b/1", "y")], never);
    await store().commit([], [{ kind: "delete-prefix", prefix: "" }], never);
    expect((await batches).map(summary)).toEqual(["1 a/1=x a/2=x", "3 a/1- a/2-"]);
  });

  check("every watcher gets every revision in order, however slow it is", async (world) => {
    const total = 100;
    const collect = async (pauseMs: number): Promise<number[]> => {
      const seen: number[] = [];
      for await (const { revision } of world.store().watch("", zero, never)) {
        seen.push(revision);
        if (seen.length === total) break;
        if (pauseMs > 0 && seen.length % 25 === 0) await world.clock.sleep(pauseMs, never);
      }
      return seen;
    };
    const watchers = [collect(0), collect(5), collect(11)];
    for (let n = 0; n < total; n++) await world.store().commit([], [put("a", `${n}`)], never);
    const inOrder = Array.from({ length: total }, (_, index) => index + 1);
    for (const watcher of watchers) expect(await watcher).toEqual(inOrder);
  });

  check("a watcher ends when its signal aborts, and when the store closes", async ({ store }) => {
    const abort = new AbortController();
    const one = take(store().watch("", zero, abort.signal), 1);
    abort.abort();
    expect(await one).toEqual([]);
    const other = take(store().watch("", zero, never), 1);
    store().close();
    expect(await other).toEqual([]);
  });

  check("history that is gone is reported, never skipped", async (world) => {
    await world.store().commit([], [put("a", "1")], never);
    await world.store().commit([], [put("a", "2")], never);
    world.restart();
    const late = take(world.store().watch("", 1 as Revision, never), 1);
    await expect(late).rejects.toMatchObject({ code: "store.compacted" });
    const next = take(world.store().watch("", 2 as Revision, never), 1);
    await world.store().commit([], [put("a", "3")], never);
    expect((await next).map(summary)).toEqual(["3 a=3"]);
  });
}

async function take(batches: AsyncIterable<WatchBatch>, count: number): Promise<WatchBatch[]> {
  const taken: WatchBatch[] = [];
  for await (const batch of batches) {
    taken.push(batch);
    if (taken.length === count) break;
  }
  return taken;
}

function summary({ revision, changes }: WatchBatch): string {
  const texts = changes.map(({ key, entry }) => (entry ? `${key}=${entry.value}` : `${key}-`));
  return [revision, ...texts].join(" ");
}
