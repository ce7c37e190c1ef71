import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { SimFileDisk, SimFiles } from "../../sim/files.ts";
import { Life } from "../../sim/life.ts";
import type { Assignment } from "../model/assignment.ts";
import type {
  ControllerTerm,
  DatabaseId,
  Epoch,
  OperationId,
  RegionId,
  SystemId,
} from "../model/region.ts";
import { CommandJournal } from "./command-journal.ts";
import { Promises } from "./promises.ts";

const database = "orders" as DatabaseId;
const never = new AbortController().signal;
const term = 1 as ControllerTerm;
const operation = "failover-orders-3-1" as OperationId;
const seal = { operation, epoch: 3 as Epoch, version: 7 };
const secondary: Assignment = {
  database,
  number: 1,
  epoch: 3 as Epoch,
  version: 7,
  systemId: "7001" as SystemId,
  role: "secondary",
  writer: "us-east-1" as RegionId,
  upstream: undefined,
  slots: [],
  forks: [],
  operation: undefined,
  failsafe: [],
  rpoGuardMs: 0,
  isPromoted: true,
};
const asked = { database, epoch: 3 as Epoch, ttlMs: 3_000 };

let clock = new SimClock();
let disk = new SimFileDisk();
let writes = 0;
beforeEach(() => {
  clock = new SimClock();
  disk = new SimFileDisk();
  writes = 0;
});

/** As a new agent has it. */
function open(assignment?: Assignment): { promises: Promises; journal: CommandJournal } {
  const files = new SimFiles(disk, new Life(), () => void (writes += 1));
  const journal = new CommandJournal(files, "agent.json");
  if (assignment) journal.obey(term, [assignment]);
  return { promises: new Promises(clock, journal), journal };
}

/** How long it takes until a seal is there. */
async function sealMs(promises: Promises): Promise<number> {
  const before = clock.monotonicMs();
  await clock.drive(() => promises.seal(database, seal, never));
  return clock.monotonicMs() - before;
}

test("A16: a seal waits until the last promise is over on the slower clock", async () => {
  const { promises } = open(secondary);
  expect(await sealMs(promises)).toBe(0);
  const again = open({ ...secondary, version: 8 }).promises;
  expect(again.answer(asked).isGiven).toBe(true);
  await clock.runUntil(clock.monotonicMs() + 1_000);
  expect(await sealMs(again)).toBeGreaterThanOrEqual(2_060);
});

test("A16: a promise counts in full again after a restart of whoever gave it", async () => {
  open(secondary).promises.answer(asked);
  await clock.runUntil(2_900);
  expect(await sealMs(open().promises)).toBeGreaterThanOrEqual(3_000);
});

test("A16: a promise is on disk before it is given, and only what changes is written again", () => {
  const { promises } = open(secondary);
  const before = writes;
  promises.answer(asked);
  expect(writes).toBe(before + 1);
  promises.answer(asked);
  expect(writes).toBe(before + 1);
  disk.isFull = true;
  expect(() => promises.answer({ ...asked, ttlMs: 4_000 })).toThrow(
    expect.objectContaining({ code: "disk.full" }) as Error,
  );
});

test("A16: whoever is sealed promises nothing for that epoch, also after a restart", async () => {
  await sealMs(open(secondary).promises);
  const { promises, journal } = open();
  expect(promises.answer(asked)).toMatchObject({ isGiven: false });
  expect(promises.answer({ ...asked, epoch: 4 as Epoch }).isGiven).toBe(true);
  // The failover was rolled back: the writer of this epoch goes on, and may ask again.
  journal.obey(term, [{ ...secondary, version: 8 }]);
  expect(promises.answer(asked).isGiven).toBe(true);
});

test("A16: whoever knows a later epoch, is the writer itself, or no member, promises nothing", () => {
  expect(open().promises.answer(asked).isGiven).toBe(false);
  expect(open(secondary).promises.answer({ ...asked, epoch: 2 as Epoch }).isGiven).toBe(false);
  const primary: Assignment = { ...secondary, role: "primary", version: 8 };
  expect(open(primary).promises.answer(asked).isGiven).toBe(false);
  expect(open(primary).promises.answer({ ...asked, epoch: 4 as Epoch }).isGiven).toBe(true);
});

test("A16: nobody is promised hours", () => {
  expect(open(secondary).promises.answer({ ...asked, ttlMs: 3_600_000 }).isGiven).toBe(false);
});
