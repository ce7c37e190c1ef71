import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { Command } from "../model/assignment.ts";
import type { ControllerTerm, DatabaseId, Epoch } from "../model/region.ts";
import { holdMaxMs, Outbox } from "./outbox.ts";

const never = new AbortController().signal;
const term = (number: number): ControllerTerm => number as ControllerTerm;
const command = (id: string): Command => ({
  id,
  term: term(1),
  epoch: 1 as Epoch,
  version: 1,
  operation: "build",
  step: "create",
  database: "orders" as DatabaseId,
  number: 1,
  action: { kind: "create", databaseName: "orders", owner: undefined, roles: [] },
});

test("an agent that just started hears every pending command at once", async () => {
  const clock = new SimClock();
  const outbox = new Outbox(clock, term(1));
  outbox.send(command("a"));
  outbox.send(command("b"));
  const { commands } = await clock.drive(() => outbox.next(0, never));
  expect(commands.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(clock.monotonicMs()).toBe(0);
});

test("a question is held until there is something new, and no longer than its bound", async () => {
  const clock = new SimClock();
  const outbox = new Outbox(clock, term(1));
  const { batch } = await clock.drive(() => outbox.next(0, never));
  clock.after(1_000, () => outbox.send(command("a")));
  const answer = await clock.drive(() => outbox.next(batch, never));
  expect(answer.commands).toHaveLength(1);
  expect(clock.monotonicMs()).toBe(1_000);
  await clock.drive(() => outbox.next(answer.batch, never));
  expect(clock.monotonicMs()).toBe(1_000 + holdMaxMs);
});

test("a command whose answer was lost is told again; a settled one is not", async () => {
  const clock = new SimClock();
  const outbox = new Outbox(clock, term(1));
  outbox.send(command("a"));
  const ask = (): ReturnType<Outbox["next"]> => clock.drive(() => outbox.next(0, never));
  await ask();
  expect((await ask()).commands).toHaveLength(1);
  outbox.settle("a");
  expect(outbox.has("a")).toBe(false);
  expect((await ask()).commands).toEqual([]);
});

test("a question that its agent gave up swallows nothing of the next one", async () => {
  const clock = new SimClock();
  const outbox = new Outbox(clock, term(1));
  const { batch } = await clock.drive(() => outbox.next(0, never));
  void outbox.next(batch, never);
  await clock.runUntil(100);
  clock.after(500, () => outbox.send(command("a")));
  const { commands } = await clock.drive(() => outbox.next(batch, never));
  expect(commands).toHaveLength(1);
  expect(clock.monotonicMs()).toBe(600);
});

test("what an agent saw of one controller is never what it sees of the next", async () => {
  const clock = new SimClock();
  const first = new Outbox(clock, term(1));
  first.send(command("a"));
  const seen = (await clock.drive(() => first.next(0, never))).batch;
  const second = new Outbox(clock, term(2));
  second.send(command("b"));
  await clock.drive(() => second.next(seen, never));
  expect(clock.monotonicMs()).toBe(0);
});

test("a poke wakes the agent without a command", async () => {
  const clock = new SimClock();
  const outbox = new Outbox(clock, term(1));
  const { batch } = await clock.drive(() => outbox.next(0, never));
  clock.after(10, () => outbox.poke());
  expect((await clock.drive(() => outbox.next(batch, never))).commands).toEqual([]);
  expect(clock.monotonicMs()).toBe(10);
});
