import { afterEach, beforeEach, expect, test } from "vitest";
import type { SimHost } from "../../sim/host.ts";
import { commandFor as command, KeeperBench, ours, primary } from "../../test/keeper-bench.ts";
import type { Assignment, CommandAction } from "../model/assignment.ts";
import type { SystemId } from "../model/region.ts";

const unrecorded: Assignment = { ...primary, systemId: undefined };
const create: CommandAction = {
  kind: "create",
  databaseName: "orders",
  owner: undefined,
  roles: [],
};

let bench = new KeeperBench();
beforeEach(() => {
  bench = new KeeperBench();
});
afterEach(() => bench.life.end());
const clone = (replace = false, systemId = ours): CommandAction => ({
  kind: "clone",
  upstream: bench.upstream,
  systemId,
  replace,
});

test("A1: a writer without a lease is fenced until the lease comes", async () => {
  bench.writer.data = bench.data(false);
  bench.leaseIsInHand = false;
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  agent.assign(primary);
  await bench.pass(60_000);
  expect(keeper.report().state.kind).toBe("fenced");
  expect(bench.writer.server).toBeUndefined();
  bench.leaseIsInHand = true;
  agent.assign(primary);
  await bench.pass(500);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A3: an agent that learns nothing starts nothing", async () => {
  bench.writer.data = bench.data(false);
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  await bench.pass(60_000);
  expect(bench.writer.server).toBeUndefined();
  expect(keeper.report().state.kind).toBe("fenced");
});

test("A3: a new agent adopts the server that runs, also when it does not answer at first", async () => {
  bench.writer.data = bench.data(false);
  bench.agent(bench.writer).assign(primary);
  await bench.pass(60);
  const { server } = bench.writer;
  expect(server?.isReady).toBe(false);
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  agent.assign(primary);
  await bench.pass(5_000);
  expect(bench.writer.server).toBe(server);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A4: a writer whose data vanished stays down and says why", async () => {
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  agent.assign(primary);
  await bench.pass(60_000);
  expect(keeper.report().state).toMatchObject({ kind: "failed", code: "postgres.data-missing" });
  agent.obey(command("late", create));
  await bench.pass(60_000);
  expect(bench.created).toEqual([]);
  expect(keeper.report().command).toMatchObject({ id: "late", outcome: "failed" });
});

test("A7: a command is done once, and asked again it is only answered again", async () => {
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  agent.assign(unrecorded);
  for (let round = 0; round < 3; round++) {
    agent.obey(command("c1", create));
    await bench.pass(5_000);
  }
  expect(bench.created).toHaveLength(1);
  expect(bench.notes.map(({ outcome }) => outcome)).toEqual(["running", "done"]);
  expect(keeper.report()).toMatchObject({
    systemId: bench.created[0],
    command: { id: "c1", outcome: "done" },
  });
});

test("A7: a creation that an earlier agent finished is not repeated by another command", async () => {
  bench.writer.data = bench.data(false);
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  agent.assign(unrecorded);
  agent.obey(command("c2", create));
  await bench.pass(5_000);
  expect(bench.created).toEqual([]);
  expect(keeper.report()).toMatchObject({ systemId: ours, command: { outcome: "done" } });
});

test("A7: a command that a killed agent left is reported as failed, and its remains are removed", async () => {
  bench.agent(bench.writer).obey(command("c1", create));
  await bench.pass(100);
  expect(bench.writer.data.kind).toBe("unfinished");
  const last = bench.notes.at(-1);
  expect(last).toMatchObject({ id: "c1", outcome: "running" });
  const agent = bench.agent(bench.writer, last && [last]);
  const { keeper } = agent;
  agent.assign(unrecorded);
  agent.obey(command("c1", create));
  await bench.pass(5_000);
  expect(keeper.report()).toMatchObject({
    state: { kind: "absent" },
    command: { id: "c1", outcome: "failed" },
  });
  expect(bench.created).toEqual([]);
});

test("A7: a command that comes while another is carried out waits, and is done after it", async () => {
  const agent = bench.agent(bench.writer);
  agent.assign(unrecorded);
  agent.obey(command("c1", create));
  await bench.pass(50);
  agent.obey(command("c2", create));
  await bench.pass(5_000);
  expect(bench.notes.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
    "c1 running",
    "c1 done",
    "c2 running",
    "c2 done",
  ]);
  expect(bench.created).toHaveLength(1);
});

test("A5: a secondary is cloned, streams, and comes back without a controller", async () => {
  bench.writer.data = bench.data(false);
  bench.agent(bench.writer).assign(primary);
  await bench.pass(2_000);
  const agent = bench.another(bench.copy);
  const { keeper } = agent;
  agent.assign(bench.secondary);
  agent.obey(command("c1", clone()));
  await bench.pass(1_000);
  expect(keeper.report().state).toMatchObject({ kind: "cloning", totalBytes: 8_000_000 });
  await bench.pass(10_000);
  expect(keeper.report().state.kind).toBe("serving");
  bench.stream.settle();
  bench.copy.endServer("it crashed");
  // The writer goes on for the rest of its lease.
  bench.leaseIsInHand = false;
  await bench.pass(1_800);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A5: a cut link is no failure: the secondary catches up when it is mended", async () => {
  bench.writer.data = bench.data(false);
  bench.copy.data = bench.data(true);
  const agentOfWriter = bench.agent(bench.writer);
  const writer = agentOfWriter.keeper;
  agentOfWriter.assign(primary);
  const agent = bench.another(bench.copy);
  const { keeper } = agent;
  agent.assign(bench.secondary);
  await bench.pass(5_000);
  bench.stream.settle();
  bench.isCut = true;
  await bench.pass(5_000);
  expect(keeper.report().state.kind).toBe("catching-up");
  expect(writer.report().lags).toMatchObject([{ isStreaming: false }]);
  expect(writer.report().lags[0]?.lagBytes).toBeGreaterThan(0);
  bench.isCut = false;
  await bench.pass(2_000);
  expect(keeper.report().state.kind).toBe("serving");
  expect(writer.report().lags).toMatchObject([{ isStreaming: true }]);
  expect(writer.report().lags[0]?.lagBytes).toBeLessThan(1_000);
});

test("A8: nobody clones over a writer, a former writer, or another database system", async () => {
  const refused = async (
    host: SimHost,
    assignment: Assignment,
    action: CommandAction,
  ): Promise<void> => {
    const before = host.data;
    const agent = bench.another(host);
    const { keeper } = agent;
    agent.assign(assignment);
    agent.obey(command("c1", action));
    await bench.pass(2_000);
    expect(keeper.report().command).toMatchObject({ outcome: "failed" });
    expect(host.data).toBe(before);
  };
  bench.writer.data = bench.data(false);
  await refused(bench.writer, primary, clone(true));
  bench.copy.data = bench.data(false);
  await refused(bench.copy, bench.secondary, clone(true));
  bench.copy.data = bench.data(true, "7002" as SystemId);
  await refused(bench.copy, bench.secondary, clone(true));
  await refused(bench.copy, bench.secondary, clone(false));
  expect(bench.removed).toEqual([]);
});

test("A9: a clone that is cut leaves nothing behind and says why it failed", async () => {
  bench.writer.data = bench.data(false);
  bench.agent(bench.writer).assign(primary);
  await bench.pass(2_000);
  const agent = bench.another(bench.copy);
  const { keeper } = agent;
  agent.assign(bench.secondary);
  agent.obey(command("c1", clone()));
  await bench.pass(800);
  bench.stream.settle();
  bench.isCut = true;
  await bench.pass(2_000);
  expect(bench.copy.data.kind).toBe("absent");
  expect(keeper.report()).toMatchObject({
    state: { kind: "failed", code: "postgres.clone-failed" },
    command: { outcome: "failed" },
  });
});

test("A10: a full disk is a state: a few tries, and the server is back when there is room", async () => {
  bench.writer.data = bench.data(false);
  bench.writer.isDiskFull = true;
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  agent.assign(primary);
  await bench.pass(300_000);
  expect(keeper.report().state).toMatchObject({ kind: "failed", code: "disk.full" });
  bench.writer.isDiskFull = false;
  await bench.pass(12_000);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A10: a server that crashes after each start is not started in a busy loop", async () => {
  bench.writer.data = bench.data(false);
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  agent.assign(primary);
  const servers = new Set<unknown>();
  for (let round = 0; round < 600; round++) {
    await bench.pass(100);
    if (!bench.writer.server?.isReady) continue;
    servers.add(bench.writer.server);
    bench.writer.endServer("PANIC: it ran out of disk");
  }
  expect(servers.size).toBeGreaterThan(4);
  expect(servers.size).toBeLessThan(12);
  await bench.pass(20_000);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A12: a Region that leaves stops its server cleanly", async () => {
  bench.writer.data = bench.data(false);
  const agent = bench.agent(bench.writer);
  const { keeper } = agent;
  agent.assign(primary);
  await bench.pass(2_000);
  await bench.clock.drive(() => keeper.leave(new AbortController().signal));
  expect(bench.writer.server).toBeUndefined();
  expect(keeper.report()).toMatchObject({ state: { kind: "stopped" }, position: undefined });
});
