import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import {
  createdRecord,
  database,
  east,
  emptyReport,
  epoch,
  factsOf,
  orders,
  ours,
  west,
} from "../../test/database-fixtures.ts";
import type { Command } from "../model/assignment.ts";
import type { EvidenceItem } from "../model/evidence.ts";
import type { ControllerTerm } from "../model/region.ts";
import { CommandDesk } from "./command-desk.ts";
import { EvidenceDesk } from "./evidence-desk.ts";
import { Reports } from "./reports.ts";
import { Systems } from "./systems.ts";

const never = new AbortController().signal;
const term = 1 as ControllerTerm;
const item: EvidenceItem = {
  name: "unplanned-global-failover-orders-us-east-1-20260102T030405Z",
  database,
  region: east,
  number: 1,
  systemId: ours,
  timeline: 1,
  forkLsn: undefined,
  epoch: epoch(2),
  atWallMs: 0,
  because: "its history was left",
  bytes: 4_096,
  path: "/evidence",
};

/** A desk of evidence, and the Region that keeps some of it. */
class Kept {
  readonly clock = new SimClock();
  readonly commands = new CommandDesk(this.clock, term);
  readonly #reports = new Reports(this.clock, term);
  readonly desk: EvidenceDesk;

  constructor() {
    const records = { has: (key: string) => key === orders.key, get: () => createdRecord() };
    this.desk = new EvidenceDesk({
      clock: this.clock,
      systems: new Systems([orders], records),
      records,
      reports: this.#reports,
      commands: this.commands,
    });
  }

  report(evidence: readonly EvidenceItem[]): void {
    const facts = { ...factsOf(emptyReport()), evidence };
    this.#reports.take(east, this.#reports.ticket(east), facts);
  }

  async told(): Promise<Command | undefined> {
    const { commands } = await this.commands.outbox(east).next(0, never);
    return commands[0];
  }

  answer(command: Command | undefined, outcome: "done" | "failed", because = ""): void {
    const progress = { id: command?.id ?? "", outcome, because, result: undefined };
    this.commands.hear(east, progress);
  }
}

test("evidence is what Regions say that they keep, with the age of that", async () => {
  const kept = new Kept();
  expect(kept.desk.list()).toEqual([]);
  kept.report([item]);
  await kept.clock.runUntil(700);
  expect(kept.desk.list()).toEqual([{ region: east, item, reportAgeMs: 700 }]);
});

test("evidence is removed when its Region no longer reports it, not when its agent says so", async () => {
  const kept = new Kept();
  kept.report([item]);
  await kept.clock.drive(async () => {
    let isOver = false;
    const removal = kept.desk.remove(east, item.name, never).then(() => (isOver = true));
    const command = await kept.told();
    expect(command?.action).toEqual({ kind: "remove-evidence", name: item.name });
    kept.answer(command, "done");
    await kept.clock.sleep(1_000, never);
    expect(isOver).toBe(false);
    kept.report([]);
    await removal;
  });
});

test("a removal that failed says why, and can be asked for again", async () => {
  const kept = new Kept();
  kept.report([item]);
  await kept.clock.drive(async () => {
    const refused = kept.desk.remove(east, item.name, never);
    kept.answer(await kept.told(), "failed", "the disk is read-only");
    await expect(refused).rejects.toThrow("the disk is read-only");
    await kept.clock.sleep(2_000, never);
    const removal = kept.desk.remove(east, item.name, never);
    kept.answer(await kept.told(), "done");
    kept.report([]);
    await removal;
  });
});

test("a Region that does not answer does not hold the one who asked for ever", async () => {
  const kept = new Kept();
  kept.report([item]);
  await kept.clock.drive(() =>
    expect(kept.desk.remove(east, item.name, never)).rejects.toMatchObject({
      code: "network.unreachable",
    }),
  );
  expect(kept.clock.monotonicMs()).toBeLessThan(61_000);
});

test("only what a Region keeps can be removed there", async () => {
  const kept = new Kept();
  kept.report([item]);
  for (const [region, name] of [
    [west, item.name],
    [east, "unplanned-global-failover-orders-us-east-1-19990101T000000Z"],
  ] as const) {
    await expect(kept.desk.remove(region, name, never)).rejects.toMatchObject({
      code: "evidence.unknown",
    });
  }
});
