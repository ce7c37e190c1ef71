import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { database, east, epoch, orders, west } from "../../test/database-fixtures.ts";
import type { Command } from "../model/assignment.ts";
import type { CommandProgress } from "../model/instance.ts";
import type { ControllerTerm, RegionId } from "../model/region.ts";
import { CommandDesk, type NewCommand } from "./command-desk.ts";
import { firstIn } from "./topology.ts";

const never = new AbortController().signal;

function asked(fields: Partial<NewCommand> = {}): NewCommand {
  return {
    instance: firstIn(orders, west),
    epoch: epoch(1),
    version: 6,
    operation: "switchover-orders-6",
    step: "promote",
    action: { kind: "promote", passOver: false },
    ...fields,
  };
}

const came = (
  command: Command | undefined,
  outcome: CommandProgress["outcome"],
): CommandProgress => {
  return { id: command?.id ?? "", outcome, because: "", result: undefined };
};

function openDesk(term = 1): { clock: SimClock; desk: CommandDesk } {
  const clock = new SimClock();
  return { clock, desk: new CommandDesk(clock, term as ControllerTerm) };
}

async function pending(clock: SimClock, desk: CommandDesk, region: RegionId): Promise<string[]> {
  const { commands } = await clock.drive(() => desk.outbox(region).next(0, never));
  return commands.map(({ id }) => id);
}

test("D7: a deed has one command at a time, and steps and instances have their own", () => {
  const { desk } = openDesk();
  const first = desk.give(asked());
  expect(first).toMatchObject({ term: 1, epoch: 1, version: 6, database, number: 1 });
  expect(desk.give(asked())).toBeUndefined();
  const others = [
    desk.give(asked({ step: "seal" })),
    desk.give(asked({ instance: firstIn(orders, east) })),
    desk.give(asked({ operation: "switchover-orders-9" })),
  ];
  const ids = [first, ...others].map((command) => command?.id);
  expect(new Set(ids).size).toBe(4);
});

test("D7: the command of another controller is another one, and is not settled by this one's", () => {
  const [{ desk: first }, { desk: second }] = [openDesk(1), openDesk(2)];
  const before = first.give(asked());
  const after = second.give(asked());
  expect(after?.id).not.toBe(before?.id);
  second.hear(west, came(before, "done"));
  expect(second.progress(asked())).toBeUndefined();
  second.hear(west, undefined);
  second.hear(west, came(after, "running"));
  expect(second.progress(asked())?.outcome).toBe("running");
  expect(second.give(asked())).toBeUndefined();
});

test("D8: a deed that failed is given again after a second, as a new attempt", async () => {
  const { clock, desk } = openDesk();
  const first = desk.give(asked());
  desk.hear(west, came(first, "failed"));
  expect([desk.progress(asked())?.outcome, desk.mayTry(asked())]).toEqual(["failed", false]);
  expect(desk.give(asked())).toBeUndefined();
  await clock.runUntil(1_000);
  expect(desk.give(asked())?.id).not.toBe(first?.id);
});

test("a command stays with the agent until its outcome is known", async () => {
  const { clock, desk } = openDesk();
  const command = desk.give(asked());
  expect(await pending(clock, desk, west)).toEqual([command?.id]);
  desk.hear(west, came(command, "running"));
  expect(await pending(clock, desk, west)).toEqual([command?.id]);
  desk.hear(west, came(command, "done"));
  expect(await pending(clock, desk, west)).toEqual([]);
});

test("O1: what an operation that is over asked for is asked no longer, and what others ask for still is", async () => {
  const { clock, desk } = openDesk();
  const own = desk.give(asked());
  const other = desk.give(asked({ operation: "build", step: "instance" }));
  desk.hear(west, came(own, "running"));
  desk.withdraw("switchover-orders-6");
  expect(await pending(clock, desk, west)).toEqual([other?.id]);
  expect(desk.progress(asked())).toBeUndefined();
  desk.hear(west, came(own, "done"));
  expect(desk.progress(asked())).toBeUndefined();
});
