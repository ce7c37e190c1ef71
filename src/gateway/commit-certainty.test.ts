import { describe, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { Fork } from "../model/fork.ts";
import type { Lsn } from "../model/lsn.ts";
import type { SystemId } from "../model/region.ts";
import { Pulse } from "../std/pulse.ts";
import {
  findCommit,
  forkThatLeft,
  type CertaintyDoors,
  type CommitOutcome,
} from "./commit-certainty.ts";
import { readWitness, type Witness } from "./commit-witness.ts";

const systemId = "7001" as SystemId;
const witness: Witness = {
  systemId,
  xid: "763",
  since: { timeline: 1, lsn: 1_000 },
  flushedLsn: 900,
};
const fork = (timeline: number, parent: number, lsn: number): Fork => ({
  timeline,
  parent,
  lsn: BigInt(lsn) as Lsn,
});

type Story = Partial<Omit<CertaintyDoors, "clock" | "news">> & {
  readonly forks?: readonly Fork[];
};

/** In simulated time; at most 15 s. */
async function find(story: Story): Promise<CommitOutcome> {
  const clock = new SimClock();
  let outcome: CommitOutcome | undefined;
  await clock.drive(async () => {
    const doors: CertaintyDoors = {
      clock,
      news: new Pulse(),
      known: () => ({ systemId, forks: story.forks ?? [] }),
      writerPosition: () => Promise.reject(new Error("the writer is not there")),
      waitFor: () => Promise.resolve(true),
      hasCommit: () => Promise.resolve(true),
      ...story,
    };
    const signal = new AbortController().signal;
    outcome = await findCommit(witness, doors, { ms: 15_000, signal });
  });
  if (outcome === undefined) throw new Error("it ended without an outcome");
  return outcome;
}

describe("while the timeline of the transaction goes on", () => {
  test("a writer that is where it was is not asked: it is left in doubt at once", async () => {
    let asked = 0;
    const outcome = await find({
      writerPosition: () => {
        asked += 1;
        return Promise.resolve({ timeline: 1, lsn: 2_000 });
      },
    });
    expect(outcome).toEqual({ kind: "unknown", because: "the writer is where it was" });
    expect(asked).toBe(1);
  });

  test("a writer that never comes back, or whose fork nobody tells, leaves it in doubt, and says why", async () => {
    expect(await find({})).toEqual({ kind: "unknown", because: "the writer is not there" });
    const promoted = await find({
      writerPosition: () => Promise.resolve({ timeline: 2, lsn: 2_000 }),
    });
    expect(promoted).toMatchObject({
      kind: "unknown",
      because: expect.stringContaining("where the new timeline begins") as unknown,
    });
  });
});

describe("after a failover", () => {
  const forks = [fork(2, 1, 1_500), fork(3, 2, 9_000)];

  test("it was committed if its record lies before the first fork, and nowhere else", async () => {
    const asked: unknown[] = [];
    const outcome = await find({
      forks,
      hasCommit: (of, beforeLsn) => {
        asked.push({ of, beforeLsn });
        return Promise.resolve(true);
      },
    });
    expect(asked).toEqual([{ of: witness, beforeLsn: 1_500 }]);
    expect(outcome).toEqual({
      kind: "committed",
      token: { systemId, timeline: 2, lsn: 1_500 },
    });
    const without = await find({ forks, hasCommit: () => Promise.resolve(false) });
    expect(without.kind).toBe("rolled-back");
  });

  test("nobody has to look where the fork lies before its first write", async () => {
    expect((await find({ forks: [fork(2, 1, 1_000)] })).kind).toBe("rolled-back");
  });

  test("an instance that has not come so far, or has the WAL no more, leaves it in doubt", async () => {
    const late = await find({ forks, waitFor: () => Promise.resolve(false) });
    expect(late.kind).toBe("unknown");
    const gone = await find({ forks, hasCommit: () => Promise.reject(new Error("removed")) });
    expect(gone).toEqual({ kind: "unknown", because: "removed" });
  });

  test("another database system has other transactions of that number", async () => {
    const known = { systemId: "8002" as SystemId, forks };
    expect((await find({ known: () => known })).kind).toBe("unknown");
  });

  test("a timeline that was given up, and more WAL than can be read, leave it in doubt", async () => {
    expect((await find({ forks: [fork(3, 2, 900)] })).kind).toBe("unknown");
    expect((await find({ forks: [fork(2, 1, 1_000_000_000)] })).kind).toBe("unknown");
  });
});

test("the fork that left a timeline is the one on the way to the newest", () => {
  const forks = [fork(2, 1, 100), fork(3, 2, 200), fork(4, 2, 150)];
  expect(forkThatLeft(1, forks)).toBe(forks[0]);
  expect(forkThatLeft(2, forks)).toBe(forks[2]);
  expect(forkThatLeft(3, forks)).toBeUndefined();
  expect(forkThatLeft(4, forks)).toBeUndefined();
});

test("a transaction that has not written has no number, and one that failed tells none", () => {
  const row = ["763", "0/3E8", "00000002000000000000000A", "0/384"];
  expect(readWitness({ rows: [row], error: undefined }, systemId)).toEqual({
    systemId,
    xid: "763",
    since: { timeline: 2, lsn: 1_000 },
    flushedLsn: 900,
  });
  expect(
    readWitness({ rows: [[undefined, ...row.slice(1)]], error: undefined }, systemId),
  ).toBeUndefined();
  expect(readWitness({ rows: [], error: undefined }, systemId)).toBeUndefined();
});
