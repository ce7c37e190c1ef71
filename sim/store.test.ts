import { describe, expect, test } from "vitest";
import { registerStoreContract } from "../src/store/store-contract.ts";
import type { Revision, Store } from "../src/store/store.ts";
import { historyRevisionsMax } from "../src/store/watch-history.ts";
import { SimClock } from "./clock.ts";
import { RecordingLog } from "./log.ts";
import { SeededRandom } from "./random.ts";
import { SimDisk, SimStore, type SimStoreFaults } from "./store.ts";

const never = new AbortController().signal;
const kind = {
  prompt: { latencyMsMax: 0, failureRate: 0 },
  slow: { latencyMsMax: 3, failureRate: 0 },
};

class SimStoreWorld {
  readonly clock = new SimClock();
  readonly disk = new SimDisk();
  readonly log = new RecordingLog();
  readonly #random: SeededRandom;
  readonly #faults: SimStoreFaults;
  #store: SimStore;

  constructor(faults: SimStoreFaults, seed = 1) {
    this.#faults = faults;
    this.#random = new SeededRandom(seed);
    this.#store = this.#open();
  }

  readonly store = (): SimStore => this.#store;

  restart(): void {
    this.#store.crash();
    this.#store = this.#open();
  }

  end(): void {
    this.#store.close();
  }

  #open(): SimStore {
    const doors = { clock: this.clock, log: this.log, random: this.#random };
    return new SimStore(doors, this.disk, this.#faults);
  }
}

describe.for(["prompt", "slow"] as const)("a %s simulated store", (speed) => {
  registerStoreContract({
    make: () => new SimStoreWorld(kind[speed]),
    drive: (world, body) => (world.clock as SimClock).drive(body),
  });
});

const put = (store: Store, key: string, value: string): Promise<unknown> =>
  store.commit([], [{ kind: "put", key, value }], never);

test("a commit that could not be written is not seen", async () => {
  const world = new SimStoreWorld(kind.prompt);
  await world.clock.drive(async () => {
    world.disk.isFull = true;
    await expect(put(world.store(), "a", "1")).rejects.toMatchObject({ code: "disk.full" });
    expect(await world.store().list("", never)).toEqual({ entries: [], revision: 0 });
    world.disk.isFull = false;
    await put(world.store(), "a", "2");
    expect((await world.store().list("", never)).revision).toBe(1);
  });
});

test("while the disk is full, leases are renewed, and dead ones end when there is room again", async () => {
  const world = new SimStoreWorld(kind.prompt);
  await world.clock.drive(async () => {
    const dying = await world.store().grantLease(1_000, never);
    const living = await world.store().grantLease(2_000, never);
    const change = { kind: "put", key: "a", value: "1", lease: dying } as const;
    await world.store().commit([], [change], never);
    world.disk.isFull = true;
    for (let round = 0; round < 5; round++) {
      await world.clock.sleep(1_000, never);
      expect(await world.store().renewLease(living, never)).toBe(true);
    }
    expect(await world.store().renewLease(dying, never)).toBe(false);
    expect(await world.store().get("a", never)).toMatchObject({ value: "1" });
    world.disk.isFull = false;
    await world.clock.sleep(1_001, never);
    expect(await world.store().get("a", never)).toBeUndefined();
  });
  expect(world.log.lines.map(({ event }) => event)).toEqual(["store.expiry-failed"]);
});

test("a watcher that falls behind the history is told so", async () => {
  const world = new SimStoreWorld(kind.prompt);
  await world.clock.drive(async () => {
    const watch = world.store().watch("", 0 as Revision, never);
    const batches = watch[Symbol.asyncIterator]();
    for (let n = 0; n <= historyRevisionsMax; n++) await put(world.store(), "a", `${n}`);
    await expect(batches.next()).rejects.toMatchObject({ code: "store.compacted" });
  });
});

test("an idle store without leases sets no timer", async () => {
  const world = new SimStoreWorld(kind.prompt);
  await put(world.store(), "a", "1");
  await expect(world.clock.drive(() => new Promise(() => undefined))).rejects.toThrow("at 0 ms");
});

test("what was acknowledged before a crash is there after it, and one seed is one run", async () => {
  const run = async (seed: number): Promise<string> => {
    const world = new SimStoreWorld({ latencyMsMax: 20, failureRate: 0.2 }, seed);
    const random = new SeededRandom(seed);
    const acknowledged: string[] = [];
    const listed = await world.clock.drive(async () => {
      for (let n = 0; n < 60; n++) {
        const key = `${n}`.padStart(3, "0");
        const commit = put(world.store(), key, "1").then(() => acknowledged.push(key));
        world.clock.after(random.between(0, 200), () => random.chance(0.2) && world.restart());
        await commit.catch(() => undefined);
      }
      for (;;) {
        const seen = await world
          .store()
          .list("", never)
          .catch(() => undefined);
        if (seen) return seen.entries.map(({ key }) => key);
      }
    });
    expect(listed, `seed ${seed}`).toEqual(expect.arrayContaining(acknowledged));
    world.end();
    return `${world.clock.monotonicMs()} ${listed.join()} ${acknowledged.join()}`;
  };
  for (let seed = 1; seed <= 10; seed++) expect(await run(seed)).toBe(await run(seed));
});
