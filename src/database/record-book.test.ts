import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import { SeededRandom } from "../../sim/random.ts";
import { SimDisk, SimStore } from "../../sim/store.ts";
import {
  blankRecord,
  east,
  epoch,
  operationOf,
  orders,
  ours,
  west,
} from "../../test/database-fixtures.ts";
import { Failure } from "../model/failure.ts";
import type { Operation } from "../model/operation.ts";
import type { OperationId } from "../model/region.ts";
import type { Store } from "../store/store.ts";
import { nextVersion } from "./claim.ts";
import { operationPrefix } from "./operation-record.ts";
import { RecordBook, type OperationHearer } from "./record-book.ts";
import type { SystemRecord } from "./records.ts";

const never = new AbortController().signal;
const { key } = orders;
const first = blankRecord();
const firsts = new Map([[key, first]]);
const creating = nextVersion(first, { isCreating: true });

function openStore(disk = new SimDisk()): Store {
  const doors = { clock: new SimClock(), log: new RecordingLog(), random: new SeededRandom(1) };
  return new SimStore(doors, disk, { latencyMsMax: 0, failureRate: 0 });
}

async function openBook(
  store: Store,
  hear: OperationHearer = () => undefined,
): Promise<RecordBook> {
  const book = new RecordBook(store, hear);
  await book.open(firsts, never);
  return book;
}

/** A change of one record, and of operations with it. */
function change(
  book: RecordBook,
  before: SystemRecord | undefined,
  after: SystemRecord | undefined,
  operations: readonly Operation[] = [],
): Promise<void> {
  return book.change({ records: [{ key, before, after }], operations }, never);
}

/** The store whose commits pass through `commit`. */
function withCommits(store: Store, commit: (commit: Store["commit"]) => Store["commit"]): Store {
  return new Proxy(store, {
    get(target, name) {
      const own = (Reflect.get(target, name) as () => unknown).bind(target);
      return name === "commit" ? commit(own as Store["commit"]) : own;
    },
  });
}

/** The store whose first commit after the making of the records is made, and whose answer to it is lost. */
function losingAnswer(store: Store): Store {
  let isLost = false;
  return withCommits(store, (commit) => async (...asked) => {
    const answer = await commit(...asked);
    if (isLost || asked[0].some((claim) => "version" in claim)) return answer;
    isLost = true;
    throw new Failure("network.unreachable", "the answer was lost");
  });
}

test("D2: a record is made once and found again", async () => {
  const store = openStore();
  await change(await openBook(store), first, creating);
  expect((await openBook(store)).get(key)).toEqual(creating);
});

test("D2: a change whose answer was lost is found out before anybody decides again", async () => {
  const book = await openBook(losingAnswer(openStore()));
  await expect(change(book, first, creating)).rejects.toThrow("lost");
  await book.settle(never);
  expect(book.get(key)).toEqual(creating);
  const created = nextVersion(creating, { systemId: ours });
  await change(book, creating, created);
  expect(book.get(key)).toEqual(created);
});

test("D2: a change that went well does not hide that the answer to another was lost", async () => {
  const other = { key: "systems/stock", before: undefined, after: first };
  const waiting: (() => void)[] = [];
  const store = withCommits(openStore(), (commit) => async (...asked) => {
    const answer = await commit(...asked);
    if (asked[0].some((claim) => "version" in claim)) return answer;
    await new Promise<void>((resolve) => waiting.push(resolve));
    throw new Failure("network.unreachable", "the answer was lost");
  });
  const book = await openBook(store);
  const lost = change(book, first, creating);
  await book.change({ records: [other], operations: [] }, never);
  for (const resolve of waiting) resolve();
  await expect(lost).rejects.toThrow("lost");
  await book.settle(never);
  expect(book.get(key)).toEqual(creating);
});

test("D2: what was read while a change went through does not replace what the change left", async () => {
  const store = openStore();
  let release = (): void => undefined;
  const slow = new Proxy(store, {
    get(target, name) {
      const own = (Reflect.get(target, name) as (...asked: unknown[]) => unknown).bind(target);
      if (name !== "list") return own;
      return async (...asked: unknown[]) => {
        const seen = await own(...asked);
        if (asked[0] === "systems/") await new Promise<void>((resolve) => (release = resolve));
        return seen;
      };
    },
  });
  const book = new RecordBook(slow, () => undefined);
  const opened = book.open(firsts, never);
  await letGo(() => release(), opened);
  await expect(change(book, creating, first)).rejects.toMatchObject({ code: "store.conflict" });
  const settled = book.settle(never);
  await change(book, first, creating);
  await letGo(() => release(), settled);
  expect(book.get(key)).toEqual(creating);
});

/** Lets go whatever waits, again and again, until `work` settles. */
async function letGo(release: () => void, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  void work.finally(() => over.abort());
  for (let turns = 0; !over.signal.aborted && turns < 1_000; turns++) {
    release();
    await Promise.resolve();
  }
  await work;
}

test("D2: what somebody else changed meanwhile is a conflict, and is read before the next decision", async () => {
  const store = openStore();
  const [mine, other] = [await openBook(store), await openBook(store)];
  await change(other, first, creating);
  await expect(change(mine, first, nextVersion(first, { epoch: epoch(2) }))).rejects.toMatchObject({
    code: "store.conflict",
  });
  await mine.settle(never);
  expect(mine.get(key)).toEqual(creating);
});

test("a record that an earlier version wrote is read with what is missing, and can still be changed", async () => {
  const store = openStore();
  const old = { epoch: 3, primary: west, sinceWallMs: 7, systemId: "7001", isCreating: false };
  await store.commit([], [{ kind: "put", key, value: JSON.stringify(old) }], never);
  const book = await openBook(store);
  const read = { ...first, epoch: epoch(3), primary: west, sinceWallMs: 7, systemId: ours };
  expect(book.get(key)).toEqual(read);
  await change(book, read, nextVersion(read, { candidates: [east] }));
  expect((await openBook(store)).get(key)).toMatchObject({ version: 2, candidates: [east] });
});

test("a record that cannot be understood stops whoever would decide upon it", async () => {
  const store = openStore();
  await store.commit([], [{ kind: "put", key, value: "{}" }], never);
  await store.commit([], [{ kind: "put", key: "systems/lost", value: "{}" }], never);
  await expect(openBook(store)).rejects.toMatchObject({ code: "state.damaged" });
});

test("O1: a record and its operation change in one commit, or neither does", async () => {
  const store = openStore();
  const [mine, other] = [await openBook(store), await openBook(store)];
  await change(other, first, creating);
  const operation = operationOf("switchover");
  await expect(
    change(mine, first, nextVersion(first, { operation: operation.id }), [operation]),
  ).rejects.toMatchObject({ code: "store.conflict" });
  await mine.settle(never);
  expect(mine.operations()).toEqual([]);
  const held = nextVersion(creating, { operation: operation.id });
  await change(mine, creating, held, [operation]);
  const next = await openBook(store);
  expect([next.get(key), next.operations()]).toEqual([held, [operation]]);
});

test("O1: a commit of record and operation whose answer was lost is found whole", async () => {
  const book = await openBook(losingAnswer(openStore()));
  const operation = operationOf("failover", {
    overrideFence: "pulled the plug",
    token: undefined,
    steps: [{ name: "fence", startedWallMs: 1, ms: undefined, because: "" }],
  });
  const held = nextVersion(first, { operation: operation.id });
  await expect(change(book, first, held, [operation])).rejects.toThrow("lost");
  expect(book.operation(operation.id)).toBeUndefined();
  await book.settle(never);
  expect([book.get(key), book.operation(operation.id)]).toEqual([held, operation]);
});

test("a change of an operation is heard once, when its answer came and when it was lost", async () => {
  const heard: (readonly [string | undefined, string])[] = [];
  const book = await openBook(losingAnswer(openStore()), (before, after) =>
    heard.push([before?.step, after.step]),
  );
  const operation = operationOf("switchover", { step: "checkpoint" });
  await expect(change(book, first, creating, [operation])).rejects.toThrow("lost");
  expect(heard).toEqual([]);
  await book.settle(never);
  await book.settle(never);
  expect(heard).toEqual([[undefined, "checkpoint"]]);
  const after = { ...operation, step: "prepare" };
  await change(book, creating, nextVersion(creating, {}), [after]);
  await book.settle(never);
  expect(heard.slice(1)).toEqual([["checkpoint", "prepare"]]);
});

test("a record that goes is gone for whoever comes next, and may be made again", async () => {
  const store = openStore();
  const book = await openBook(store);
  const alone = { key: `${key}-us-west-2`, before: undefined, after: creating };
  await book.change({ records: [alone], operations: [] }, never);
  const gone = { ...alone, before: creating, after: undefined };
  await book.change({ records: [gone], operations: [] }, never);
  expect(book.has(alone.key)).toBe(false);
  expect((await openBook(store)).has(alone.key)).toBe(false);
  await book.change({ records: [alone], operations: [] }, never);
  expect((await openBook(store)).has(alone.key)).toBe(true);
});

test("of two hundred operations the oldest that ended makes place, and one that runs never does", async () => {
  const store = openStore();
  const book = await openBook(store);
  const at = (n: number): Operation =>
    operationOf("switchover", {
      id: `switchover-orders-${n}` as OperationId,
      startedWallMs: n,
      phase: n === 0 ? "claimed" : "ended",
    });
  for (let n = 0; n < 203; n++) {
    await book.change({ records: [], operations: [at(n)] }, never);
  }
  const kept = book.operations().map(({ startedWallMs }) => startedWallMs);
  expect(kept).toHaveLength(200);
  expect(kept.slice(-2)).toEqual([4, 0]);
  const { entries } = await store.list(operationPrefix, never);
  expect(entries).toHaveLength(200);
  await book.change({ records: [], operations: [{ ...at(4), because: "changed" }] }, never);
  expect(book.operations()).toHaveLength(200);
});
