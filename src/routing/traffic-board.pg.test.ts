/** The board on the real store and the real archive: what one process wrote, the next one reads. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RecordingLog } from "../../sim/log.ts";
import { east, namedOrders, noFacts, trafficSettings, west } from "../../test/routing-fixtures.ts";
import { SqliteArchive } from "../archive/sqlite-archive.ts";
import { nodeClock } from "../env/node/clock.ts";
import { nodeRandom } from "../env/node/random.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { decode, encode } from "../wire/codec.ts";
import { trafficState } from "../wire/traffic-protocol.ts";
import { TrafficBoard } from "./traffic-board.ts";

const never = new AbortController().signal;
const none = { override: undefined };
const log = new RecordingLog();

let directory: string;
let store: SqliteStore;
let archive: SqliteArchive;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "routing-"));
  open();
});

afterEach(() => {
  close();
  rmSync(directory, { recursive: true });
});

function open(): void {
  store = new SqliteStore(join(directory, "store.db"), { clock: nodeClock, log });
  archive = new SqliteArchive(join(directory, "archive.db"), nodeClock);
}

function close(): void {
  store.close();
  archive.close();
}

async function started(term: number): Promise<TrafficBoard> {
  const doors = { clock: nodeClock, log, random: nodeRandom, store, archive };
  const board = new TrafficBoard(doors, trafficSettings(), term);
  await board.load(never);
  return board;
}

test("T14: everything that people set, and the names, are there after a restart", async () => {
  const board = await started(1);
  await board.setControls([{ control: east, isOn: false }], none, noFacts, never);
  await board.setDial(west, 50, never);
  await board.setWeight(west, 7, never);
  await board.setOrigin(west, { ifMatch: "*", force: false, isWritable: true }, never);
  await board.invalidate(never);
  await board.reconcileNames(() => [namedOrders()], never);
  close();
  open();
  const next = await started(2);
  const { revision } = next.state;
  expect(next.state).toEqual({ ...board.state, revision });
  expect(revision).toBeGreaterThan(board.state.revision);
  expect(decode(trafficState, "the state", encode(trafficState, next.state))).toEqual(next.state);
});

test("T15: two controllers on one store do not switch the last two Regions Off", async () => {
  const [board, other] = [await started(1), await started(2)];
  const results = await Promise.allSettled([
    board.setControls([{ control: east, isOn: false }], none, noFacts, never),
    other.setControls([{ control: west, isOn: false }], none, noFacts, never),
  ]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  await Promise.all([board.keepHouse(never), other.keepHouse(never)]);
  expect(other.state.regions).toEqual(board.state.regions);
});

test("T16: a store that is gone leaves the old state", async () => {
  const board = await started(1);
  const before = board.state;
  store.close();
  await expect(board.setDial(east, 1, never)).rejects.toThrow(/closed/);
  expect(board.state).toBe(before);
});

test("T19: an override is in the archive with its reason, whatever the reason contains", async () => {
  const board = await started(1);
  const batch = [east, west].map((control) => ({ control, isOn: false }));
  const override = { rules: ["one-on"], reason: "half a pair \uD83D and a NUL \0, all of it" };
  await board.setControls(batch, { override }, noFacts, never);
  const events = await archive.read({ afterId: 0, limit: 10 }, never);
  expect(events.map(({ kind }) => kind)).toEqual(["control.changed", "control.rule-overridden"]);
  expect(events[1]?.details["reason"]).toContain("and a NUL , all of it");
});

test("T16: what the store holds but nobody can read is named", async () => {
  const change = { kind: "put", key: "traffic/controls/us-east-1", value: "{" } as const;
  await store.commit([], [change], never);
  await expect(started(1)).rejects.toMatchObject({ code: "state.damaged" });
});
