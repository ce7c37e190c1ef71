import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import { SeededRandom } from "../../sim/random.ts";
import { SimDisk, SimStore } from "../../sim/store.ts";
import { Failure } from "../model/failure.ts";
import type { Epoch, RegionId, SystemId } from "../model/region.ts";
import type { Store } from "../store/store.ts";
import { RecordBook } from "./record-book.ts";
import type { SystemRecord } from "./records.ts";

const never = new AbortController().signal;
const key = "systems/orders";
const first: SystemRecord = {
  epoch: 1 as Epoch,
  primary: "us-east-1" as RegionId,
  sinceWallMs: 0,
  systemId: undefined,
  isCreating: false,
};
const creating = { ...first, isCreating: true };

function openStore(disk = new SimDisk()): Store {
  const doors = { clock: new SimClock(), log: new RecordingLog(), random: new SeededRandom(1) };
  return new SimStore(doors, disk, { latencyMsMax: 0, failureRate: 0 });
}

/** The store whose next commit is made, and whose answer to it is lost. */
function losingAnswer(store: Store): Store {
  let isLost = false;
  return new Proxy(store, {
    get(target, name) {
      if (name !== "commit") return (Reflect.get(target, name) as () => unknown).bind(target);
      return async (...asked: Parameters<Store["commit"]>) => {
        const commit = await target.commit(...asked);
        if (isLost || asked[0].some((claim) => "version" in claim)) return commit;
        isLost = true;
        throw new Failure("network.unreachable", "the answer was lost");
      };
    },
  });
}

test("D2: a record is made once and found again", async () => {
  const store = openStore();
  const book = new RecordBook(store);
  await book.open(key, first, never);
  await book.change(key, first, creating, never);
  const next = new RecordBook(store);
  await next.open(key, first, never);
  expect(next.get(key)).toEqual(creating);
});

test("D2: a change whose answer was lost is found out before anybody decides again", async () => {
  const book = new RecordBook(losingAnswer(openStore()));
  await book.open(key, first, never);
  await expect(book.change(key, first, creating, never)).rejects.toThrow("lost");
  const settled = await book.settle(key, never);
  expect(settled).toEqual(creating);
  const created = { ...creating, systemId: "7001" as SystemId };
  await book.change(key, settled, created, never);
  expect(book.get(key)).toEqual(created);
});

test("D2: what somebody else changed meanwhile is a conflict, and is read before the next decision", async () => {
  const store = openStore();
  const [mine, other] = [new RecordBook(store), new RecordBook(store)];
  await mine.open(key, first, never);
  await other.open(key, first, never);
  await other.change(key, first, creating, never);
  const change = mine.change(key, first, { ...first, epoch: 2 as Epoch }, never);
  await expect(change).rejects.toMatchObject({ code: "store.conflict" });
  expect(await mine.settle(key, never)).toEqual(creating);
});
