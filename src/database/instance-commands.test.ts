import { afterEach, beforeEach, expect, test } from "vitest";
import { RecordingLog } from "../../sim/log.ts";
import {
  commandFor,
  database,
  epochs,
  KeeperBench,
  leaseTtlMs,
  primary,
  type BenchAgent,
} from "../../test/keeper-bench.ts";
import type { Assignment, Command, CommandAction } from "../model/assignment.ts";
import type { CommandProgress } from "../model/instance.ts";
import type { OperationId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import { KeptServer } from "./kept-server.ts";

const [one, two] = epochs;
const operation = "switchover-orders-1-1" as OperationId;
const held: Assignment = { ...primary, version: 2, operation };
const handOver: CommandAction = {
  kind: "hand-over",
  withinMs: 10_000,
  pins: "refuse",
};

const never = new AbortController().signal;

let bench = new KeeperBench();
beforeEach(() => {
  bench = new KeeperBench();
});
afterEach(() => bench.life.end());

const given = (id: string, action: CommandAction, change: Partial<Command> = {}): Command =>
  commandFor(id, action, { version: 2, operation, ...change });

async function writes(): Promise<BenchAgent> {
  bench.writer.data = bench.data(false);
  const agent = bench.agent(bench.writer);
  agent.assign(primary);
  await bench.pass(2_000);
  expect(bench.writer.takesWrites).toBe(true);
  return agent;
}

async function follows(): Promise<BenchAgent> {
  bench.copy.data = bench.data(true);
  const agent = bench.another(bench.copy);
  agent.assign(bench.secondary);
  await bench.pass(2_000);
  expect(agent.keeper.report().state.kind).toBe("serving");
  return agent;
}

function settled({ told }: BenchAgent, id: string): CommandProgress | undefined {
  return told.findLast((progress) => progress.id === id && progress.outcome !== "running");
}

test("A13: a writer whose lease is not renewed is fenced at its deadline, and starts with the next", async () => {
  const agent = await writes();
  bench.leaseIsInHand = false;
  const leftMs = agent.leases.leftMs(database, one);
  await bench.pass(leftMs - 1);
  expect(bench.writer.takesWrites).toBe(true);
  await bench.pass(2);
  expect(bench.writer.server).toBeUndefined();
  await bench.pass(1_000);
  expect(agent.keeper.report().state.kind).toBe("fenced");
  expect(agent.events).toEqual(["instance.fenced"]);
  expect(bench.boards.get(bench.writer)).toEqual([]);
  bench.leaseIsInHand = true;
  await bench.pass(3_000);
  expect(bench.writer.takesWrites).toBe(true);
});

test("A13: an agent that adopts a writer goes on with its lease, and fences it when that ends", async () => {
  await writes();
  const { server } = bench.writer;
  bench.leaseIsInHand = false;
  bench.agent(bench.writer);
  await bench.pass(1_000);
  expect(bench.writer.server).toBe(server);
  await bench.pass(leaseTtlMs);
  expect(bench.writer.server).toBeUndefined();
});

test("A13: a writer that is adopted without a lease is fenced at once", async () => {
  await writes();
  bench.boards.clear();
  bench.leaseIsInHand = false;
  bench.agent(bench.writer);
  await bench.pass(100);
  expect(bench.writer.server).toBeUndefined();
});

test("A13: a writer that is adopted and does not answer is fenced as well", async () => {
  await writes();
  bench.boards.clear();
  bench.leaseIsInHand = false;
  bench.writer.isPaused = true;
  bench.agent(bench.writer);
  await bench.pass(100);
  expect(bench.writer.server).toBeUndefined();
});

test("A18: writes are not let in when the lease is gone at the last moment", async () => {
  bench.writer.data = bench.data(false);
  const { postgres } = bench.agent(bench.writer);
  await bench.pass(100);
  let mayOpen = true;
  const server = new KeptServer(
    { clock: bench.clock, log: new RecordingLog(), postgres },
    {
      arm: () => undefined,
      disarm: () => undefined,
      mayOpen: () => mayOpen,
      changed: () => undefined,
      ended: () => undefined,
    },
  );
  const mark = { epoch: 1, operation: "start" };
  await bench.clock.drive(() => server.start({ kind: "primary" }, "a test", never));
  mayOpen = false;
  const refused = bench.clock.drive(() => server.openWrites(mark, never));
  await expect(refused).rejects.toThrow("there is no lease");
  expect(bench.writer.takesWrites).toBe(false);
  mayOpen = true;
  await bench.clock.drive(() => server.openWrites(mark, never));
  expect(bench.writer.takesWrites).toBe(true);
});

test("A7: whoever asks again hears again what a command came to, and nothing is done again", async () => {
  const agent = await writes();
  agent.obey(commandFor("c1", { kind: "checkpoint" }));
  await bench.pass(500);
  const first = agent.told.length;
  agent.obey(commandFor("c1", { kind: "checkpoint" }));
  await bench.pass(500);
  expect(agent.told).toHaveLength(first + 1);
  expect(agent.told.at(-1)).toEqual(settled(agent, "c1"));
});

test("A14: a hand-over stops the writer cleanly, answers the token, and keeps it down over a restart", async () => {
  const agent = await writes();
  agent.assign(held);
  agent.obey(given("h1", handOver));
  await bench.pass(1_000);
  expect(settled(agent, "h1")).toMatchObject({ outcome: "done", result: { kind: "token" } });
  await bench.pass(10_000);
  expect(bench.writer.server).toBeUndefined();
  const next = bench.agent(bench.writer);
  await bench.pass(10_000);
  expect(bench.writer.server).toBeUndefined();
  next.obey(given("h2", handOver));
  await bench.pass(100);
  expect(settled(next, "h2")?.result).toEqual(settled(agent, "h1")?.result);
  // Rolled back: clients meet latency, and the old writer again.
  next.assign({ ...primary, version: 3 });
  await bench.pass(2_000);
  expect(bench.writer.takesWrites).toBe(true);
});

test("A14: a fence kills the writer, is durable before, and waits for nothing that goes on", async () => {
  bench.writer.data = bench.data(false);
  const agent = bench.agent(bench.writer);
  agent.assign(held);
  await bench.pass(30);
  expect(bench.writer.server?.isReady).toBe(false);
  agent.obey(given("f1", { kind: "fence" }));
  await bench.pass(60);
  expect(settled(agent, "f1")?.outcome).toBe("done");
  expect(bench.writer.server).toBeUndefined();
  await bench.pass(10_000);
  expect(bench.writer.server).toBeUndefined();
  expect(agent.journal.handedOver(bench.writer.id)?.how).toBe("fenced");
});

test("A14: a fence that comes before the assignment keeps the writer down as well", async () => {
  bench.writer.data = bench.data(false);
  const agent = bench.agent(bench.writer);
  await bench.pass(100);
  agent.obey(given("f1", { kind: "fence" }));
  await bench.pass(100);
  agent.assign({ ...held, version: 1, operation: undefined });
  await bench.pass(10_000);
  expect(bench.writer.server).toBeUndefined();
});

test("A18: nobody is promoted without the lease, or for an epoch that it is not assigned", async () => {
  await writes();
  const copy = await follows();
  const promote = given("p1", { kind: "promote", passOver: false }, { epoch: two, version: 3 });
  copy.obey(promote);
  await bench.pass(100);
  expect(settled(copy, "p1")?.outcome).toBe("failed");
  bench.leaseIsInHand = false;
  copy.assign({ ...held, slots: [], epoch: two, version: 3 });
  copy.obey({ ...promote, id: "p2" });
  await bench.pass(10_000);
  expect(settled(copy, "p2")?.outcome).toBe("failed");
  // Not begun at all: a fence would have had to end it.
  expect(copy.events).toEqual([]);
  // Not even out of recovery: a timeline of its own could not be taken back.
  expect(bench.copy.data).toMatchObject({ isStandby: true, fork: undefined });
});

test("A18: a promotion that outlives its lease never lets a write in", async () => {
  await writes();
  const copy = await follows();
  copy.assign({ ...held, slots: [], epoch: two, version: 3 });
  bench.leaseIsInHand = false;
  bench.copy.isPaused = true;
  copy.obey(given("p1", { kind: "promote", passOver: false }, { epoch: two, version: 3 }));
  await bench.pass(2_900);
  bench.copy.isPaused = false;
  await bench.pass(10_000);
  expect(bench.copy.takesWrites).toBe(false);
});

test("a switchover: the target has everything, is promoted, and the old writer follows without a rebuild", async () => {
  const old = await writes();
  const copy = await follows();
  old.assign(held);
  copy.assign({ ...bench.secondary, version: 2, operation });
  copy.obey(given("a1", { kind: "await-handover", upstream: bench.upstream }));
  old.obey(given("c1", { kind: "checkpoint" }));
  await bench.pass(200);
  expect(copy.told.at(-1)).toMatchObject({ id: "a1", outcome: "running" });
  old.obey(given("h1", handOver));
  await bench.pass(1_000);
  const token = settled(old, "h1")?.result;
  const position = settled(copy, "a1")?.result;
  assert(token?.kind === "token" && position?.kind === "position", "both answered");
  expect(position.replayedLsn).toBeGreaterThan(token.lsn);
  const claimed: Assignment = { ...held, epoch: two, version: 3 };
  copy.assign({ ...claimed, slots: [{ slot: "back", region: bench.writer.id.region, number: 1 }] });
  copy.obey(given("p1", { kind: "promote", passOver: false }, { epoch: two, version: 3 }));
  await bench.pass(1_000);
  const promoted = settled(copy, "p1")?.result;
  assert(promoted?.kind === "promoted", "it was promoted");
  expect(promoted.writePauseMs).toBeGreaterThan(0);
  expect(promoted.writePauseMs).toBeLessThan(2_500);
  expect(bench.copy.takesWrites).toBe(true);
  const back = { address: bench.copy.address, slot: "back", applicationName: "back" };
  const forks = [promoted.fork];
  old.assign({ ...claimed, version: 4, role: "secondary", slots: [], upstream: back, forks });
  await bench.pass(3_000);
  expect(old.keeper.report().state.kind).toBe("serving");
  expect(bench.writer.isPrimary).toBe(false);
  expect(bench.removed).toEqual([]);
});

test("A17: whoever waits for a hand-over stops when the operation is over, and refuses where it does not stream", async () => {
  await writes();
  const copy = await follows();
  const wait: CommandAction = { kind: "await-handover", upstream: bench.upstream };
  copy.assign({ ...bench.secondary, version: 2, operation });
  copy.obey(given("a1", wait));
  await bench.pass(500);
  copy.assign({ ...bench.secondary, version: 3 });
  await bench.pass(100);
  expect(settled(copy, "a1")).toMatchObject({ outcome: "failed" });
  bench.isCut = true;
  await bench.pass(1_000);
  copy.obey(commandFor("a2", wait, { version: 3, operation: "another" }));
  await bench.pass(100);
  expect(settled(copy, "a2")).toMatchObject({ outcome: "failed" });
});

test("A21: data of a writer that crashed are kept as they are until they are set aside, and then are evidence", async () => {
  const old = await writes();
  bench.stream.settle();
  bench.writer.endServer("it was killed");
  const forks = [{ timeline: 2, parent: 1, lsn: 1_000n as Assignment["forks"][number]["lsn"] }];
  const upstream = { address: bench.copy.address, slot: "back", applicationName: "back" };
  const secondary: Assignment = { ...primary, role: "secondary", epoch: two, slots: [] };
  old.assign({ ...secondary, version: 3, upstream, forks });
  await bench.pass(5_000);
  expect(old.keeper.report().state.kind).toBe("diverged");
  old.obey(given("s1", { kind: "set-aside", because: "it left" }, { epoch: two, version: 3 }));
  await bench.pass(1_000);
  expect(settled(old, "s1")?.outcome).toBe("done");
  expect(old.keeper.report().state.kind).toBe("absent");
  expect([...bench.writer.evidence.keys()]).toEqual([
    "unplanned-global-failover-orders-us-east-1-20300101T000007Z",
  ]);
  expect(old.events).toContain("evidence.kept");
});

test("A21: neither the writer nor a copy that is wanted is set aside or discarded", async () => {
  const old = await writes();
  const copy = await follows();
  const because = "a stale command";
  old.obey(commandFor("s1", { kind: "set-aside", because }));
  old.obey(commandFor("d1", { kind: "discard", forks: [] }));
  copy.obey(commandFor("s2", { kind: "set-aside", because }));
  await bench.pass(1_000);
  expect([settled(old, "s1"), settled(old, "d1"), settled(copy, "s2")]).toMatchObject(
    Array.from({ length: 3 }, () => ({ outcome: "failed" })),
  );
  expect(bench.writer.takesWrites).toBe(true);
  expect(copy.keeper.report().state.kind).toBe("serving");
  bench.stream.settle();
  bench.copy.isDiskFull = true;
  bench.copy.endServer("it ran out of disk");
  copy.obey(commandFor("s3", { kind: "set-aside", because }));
  await bench.pass(1_000);
  expect(settled(copy, "s3")?.outcome).toBe("failed");
  expect(bench.copy.data.kind).toBe("present");
});

test("A21: a copy that is discarded is removed, and what was a writer becomes evidence", async () => {
  await writes();
  const copy = await follows();
  copy.obey(commandFor("d1", { kind: "discard", forks: [] }));
  await bench.pass(1_000);
  expect(settled(copy, "d1")?.outcome).toBe("done");
  expect(bench.removed).toHaveLength(1);
  bench = new KeeperBench();
  bench.copy.data = bench.data(false);
  const former = bench.another(bench.copy);
  former.assign({ ...bench.secondary, upstream: undefined });
  former.obey(commandFor("d2", { kind: "discard", forks: [] }));
  await bench.pass(1_000);
  expect(bench.removed).toEqual([]);
  expect(bench.copy.evidence.size).toBe(1);
});

test("A21: evidence that a person removes is told no more, at once", async () => {
  bench.copy.data = bench.data(false);
  const former = bench.another(bench.copy);
  former.assign({ ...bench.secondary, upstream: undefined });
  former.obey(commandFor("d1", { kind: "discard", forks: [] }));
  await bench.pass(1_000);
  const [kept] = former.keeper.evidence;
  former.obey(commandFor("e1", { kind: "remove-evidence", name: kept?.name ?? "" }));
  await bench.pass(1_000);
  expect(former.keeper.evidence).toEqual([]);
});

test("A25: what a command came to is told also when it cannot be noted", async () => {
  const agent = await writes();
  bench.files(bench.writer).isFull = true;
  agent.keeper.obey(given("c1", { kind: "checkpoint" }));
  await bench.pass(1_000);
  expect(settled(agent, "c1")).toMatchObject({ outcome: "done" });
  agent.keeper.obey(given("c2", { kind: "seal", epoch: one }));
  await bench.pass(1_000);
  expect(settled(agent, "c2")?.outcome).toBe("failed");
  expect(settled(agent, "c2")?.because).toMatch(/Could not write/);
  expect(bench.writer.takesWrites).toBe(true);
});

test("A26: whoever passes on what a writer acknowledges hears of its fence before its server is killed", async () => {
  const agent = await writes();
  agent.routes.length = 0;
  bench.leaseIsInHand = false;
  await bench.pass(leaseTtlMs + 10);
  const told = agent.routes.find(({ isFenced }) => isFenced);
  expect(told).toMatchObject({ isFenced: true, takesWrites: true });
  expect(agent.routes.at(-1)).toMatchObject({ isFenced: true, isReadable: false });
  bench.leaseIsInHand = true;
  await bench.pass(3_000);
  expect(agent.keeper.routeView).toMatchObject({ isFenced: false, writesAreOpen: true });
});

test("A26: a server is known to let writes in, and to be gone, at the very moment", async () => {
  const agent = await writes();
  const first = agent.routes.find(({ writesAreOpen }) => writesAreOpen);
  expect(first).toMatchObject({ isReadable: true, takesWrites: true });
  agent.routes.length = 0;
  bench.writer.endServer("it crashed");
  await bench.pass(1);
  expect(agent.routes[0]).toMatchObject({ writesAreOpen: false, isReadable: false });
});

test("A26: a standby that nobody streams to answers reads", async () => {
  await writes();
  const copy = await follows();
  bench.writer.endServer("it was killed");
  bench.isCut = true;
  await bench.pass(2_000);
  expect(copy.keeper.report().state.kind).toBe("catching-up");
  expect(copy.keeper.isReadable).toBe(true);
});

test("A27: a hand-over that the gate refuses says the gate's own words, and the writer writes on", async () => {
  const agent = await writes();
  agent.assign(held);
  const leave = await agent.gate.pass(never);
  agent.obey(given("h1", handOver));
  await bench.pass(11_000);
  expect(settled(agent, "h1")).toMatchObject({
    outcome: "failed",
    because: expect.stringMatching(/: writes were in flight for longer than 10000 ms$/) as string,
  });
  expect(bench.writer.takesWrites).toBe(true);
  expect(agent.journal.handedOver(bench.writer.id)).toBeUndefined();
  leave?.();
});

test("A25: a hand-over that cannot be noted holds no writes", async () => {
  const agent = await writes();
  agent.assign(held);
  bench.files(bench.writer).isFull = true;
  agent.keeper.obey(given("h1", handOver));
  await bench.pass(1_000);
  expect(settled(agent, "h1")?.because).toMatch(/Could not write/);
  expect(bench.writer.takesWrites).toBe(true);
  const passed = await bench.clock.drive(() => agent.gate.pass(never));
  expect(bench.clock.monotonicMs()).toBeLessThan(4_000);
  passed?.();
});

test("O10: who has not reached the newest timeline is promoted above it, and only where it was given up", async () => {
  await writes();
  const copy = await follows();
  const lsn = 5_000n as Assignment["forks"][number]["lsn"];
  const forks = [{ timeline: 2, parent: 1, lsn }];
  bench.writer.endServer("it was killed");
  copy.assign({ ...held, slots: [], epoch: two, version: 3, forks });
  const promote = given("p1", { kind: "promote", passOver: false }, { epoch: two, version: 3 });
  copy.obey(promote);
  await bench.pass(2_000);
  expect(settled(copy, "p1")?.because).toMatch("it is on timeline 1, and there is 2");
  expect(bench.copy.data).toMatchObject({ isStandby: true, fork: undefined });
  copy.obey({ ...promote, id: "p2", action: { kind: "promote", passOver: true } });
  await bench.pass(3_000);
  expect(settled(copy, "p2")?.result).toMatchObject({ fork: { timeline: 3, parent: 1 } });
  expect(bench.copy.takesWrites).toBe(true);
});
