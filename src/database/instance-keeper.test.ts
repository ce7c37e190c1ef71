import { afterEach, beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { SimHost } from "../../sim/host.ts";
import { Life, MortalClock } from "../../sim/life.ts";
import { RecordingLog } from "../../sim/log.ts";
import { SimPostgres } from "../../sim/postgres.ts";
import { SeededRandom } from "../../sim/random.ts";
import { WalStream } from "../../sim/stream.ts";
import type { Assignment, Command, CommandAction } from "../model/assignment.ts";
import type { CommandProgress } from "../model/instance.ts";
import type { ControllerTerm, DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import { InstanceKeeper } from "./instance-keeper.ts";

const database = "orders" as DatabaseId;
const [east, west] = ["us-east-1", "us-west-2"] as [RegionId, RegionId];
const ours = "7001" as SystemId;
const temper = {
  failureRate: 0,
  createMsMax: 1_000,
  startMsMax: 300,
  cloneBytesPerSecond: 4_000_000,
};

const primary: Assignment = {
  database,
  number: 1,
  epoch: 1 as Epoch,
  systemId: ours,
  role: "primary",
  upstream: undefined,
  slots: [{ slot: "leeward_us_west_2_1", region: west, number: 1 }],
};
const unrecorded: Assignment = { ...primary, systemId: undefined };

class Bench {
  readonly clock = new SimClock();
  readonly random = new SeededRandom(1);
  isCut = false;
  readonly stream = new WalStream(
    this.clock,
    { bytesPerSecond: 1_000, slotKeepBytes: 1e9 },
    () => !this.isCut,
  );
  readonly writer = this.#host(east);
  readonly copy = this.#host(west);
  readonly notes: CommandProgress[] = [];
  readonly created: SystemId[] = [];
  readonly removed: SystemId[] = [];
  leaseIsInHand = true;
  life = new Life();

  get upstream(): NonNullable<Assignment["upstream"]> {
    const slot = "leeward_us_west_2_1";
    return { address: this.writer.address, slot, applicationName: slot };
  }

  get secondary(): Assignment {
    return { ...primary, role: "secondary", upstream: this.upstream, slots: [] };
  }

  /** A keeper as a new agent has it; an earlier agent is dead. */
  keeper(host: SimHost, last?: CommandProgress): InstanceKeeper {
    this.life.end();
    this.life = new Life();
    return this.another(host, last);
  }

  another(host: SimHost, last?: CommandProgress): InstanceKeeper {
    const witness = {
      created: (_: SimHost, id: SystemId) => void this.created.push(id),
      removed: (_: SimHost, { systemId }: { readonly systemId: SystemId }) =>
        void this.removed.push(systemId),
      started: () => undefined,
    };
    const doors = { clock: this.clock, random: this.random, life: this.life, witness };
    const postgres = new SimPostgres(host, { ...doors, stream: this.stream }, temper);
    const clock = new MortalClock(this.clock, this.life);
    const keeper = new InstanceKeeper(
      host.id,
      { clock, log: new RecordingLog(), postgres },
      {
        changed: () => undefined,
        noteCommand: (progress) => void this.notes.push(progress),
        leaseIsInHand: () => this.leaseIsInHand,
      },
      last,
    );
    void keeper.run(new AbortController().signal);
    return keeper;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }

  #host(region: RegionId): SimHost {
    const { length } = this.stream.hosts;
    const host = new SimHost(
      { database, region, number: 1 },
      { host: "127.0.1.11", port: length + 1 },
    );
    this.stream.add(host);
    return host;
  }
}

function data(isStandby: boolean, systemId = ours): SimHost["data"] {
  return { kind: "present", systemId, isStandby, flushedLsn: 1_000, slots: new Map() };
}

const command = (id: string, action: CommandAction): Command => ({
  id,
  term: 1 as ControllerTerm,
  epoch: 1 as Epoch,
  operation: "build",
  step: action.kind,
  database,
  number: 1,
  action,
});
const create: CommandAction = {
  kind: "create",
  databaseName: "orders",
  owner: undefined,
  roles: [],
};

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.life.end());
const clone = (replace = false, systemId = ours): CommandAction => ({
  kind: "clone",
  upstream: bench.upstream,
  systemId,
  replace,
});

test("A1: a writer without a lease is fenced until the lease comes", async () => {
  bench.writer.data = data(false);
  bench.leaseIsInHand = false;
  const keeper = bench.keeper(bench.writer);
  keeper.assign(primary);
  await bench.pass(60_000);
  expect(keeper.report().state.kind).toBe("fenced");
  expect(bench.writer.server).toBeUndefined();
  bench.leaseIsInHand = true;
  keeper.leaseCame();
  await bench.pass(500);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A3: an agent that learns nothing starts nothing", async () => {
  bench.writer.data = data(false);
  const keeper = bench.keeper(bench.writer);
  await bench.pass(60_000);
  expect(bench.writer.server).toBeUndefined();
  expect(keeper.report().state.kind).toBe("fenced");
});

test("A3: a new agent adopts the server that runs, also when it does not answer at first", async () => {
  bench.writer.data = data(false);
  bench.keeper(bench.writer).assign(primary);
  await bench.pass(60);
  const { server } = bench.writer;
  expect(server?.isReady).toBe(false);
  const keeper = bench.keeper(bench.writer);
  keeper.assign(primary);
  await bench.pass(5_000);
  expect(bench.writer.server).toBe(server);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A4: a writer whose data vanished stays down and says why", async () => {
  const keeper = bench.keeper(bench.writer);
  keeper.assign(primary);
  await bench.pass(60_000);
  expect(keeper.report().state).toMatchObject({ kind: "failed", code: "postgres.data-missing" });
  keeper.obey(command("late", create));
  await bench.pass(60_000);
  expect(bench.created).toEqual([]);
  expect(keeper.report().command).toMatchObject({ id: "late", outcome: "failed" });
});

test("A7: a command is done once, and asked again it is only answered again", async () => {
  const keeper = bench.keeper(bench.writer);
  keeper.assign(unrecorded);
  for (let round = 0; round < 3; round++) {
    keeper.obey(command("c1", create));
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
  bench.writer.data = data(false);
  const keeper = bench.keeper(bench.writer);
  keeper.assign(unrecorded);
  keeper.obey(command("c2", create));
  await bench.pass(5_000);
  expect(bench.created).toEqual([]);
  expect(keeper.report()).toMatchObject({ systemId: ours, command: { outcome: "done" } });
});

test("A7: a command that a killed agent left is reported as failed, and its remains are removed", async () => {
  bench.keeper(bench.writer).obey(command("c1", create));
  await bench.pass(100);
  expect(bench.writer.data.kind).toBe("unfinished");
  const last = bench.notes.at(-1);
  expect(last).toMatchObject({ id: "c1", outcome: "running" });
  const keeper = bench.keeper(bench.writer, last);
  keeper.assign(unrecorded);
  keeper.obey(command("c1", create));
  await bench.pass(5_000);
  expect(keeper.report()).toMatchObject({
    state: { kind: "absent" },
    command: { id: "c1", outcome: "failed" },
  });
  expect(bench.created).toEqual([]);
});

test("A7: a command that comes while another is carried out waits, and is done after it", async () => {
  const keeper = bench.keeper(bench.writer);
  keeper.assign(unrecorded);
  keeper.obey(command("c1", create));
  await bench.pass(50);
  keeper.obey(command("c2", create));
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
  bench.writer.data = data(false);
  bench.keeper(bench.writer).assign(primary);
  await bench.pass(2_000);
  const keeper = bench.another(bench.copy);
  keeper.assign(bench.secondary);
  keeper.obey(command("c1", clone()));
  await bench.pass(1_000);
  expect(keeper.report().state).toMatchObject({ kind: "cloning", totalBytes: 8_000_000 });
  await bench.pass(10_000);
  expect(keeper.report().state.kind).toBe("serving");
  bench.stream.settle();
  bench.copy.endServer("it crashed");
  bench.leaseIsInHand = false;
  await bench.pass(5_000);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A5: a cut link is no failure: the secondary catches up when it is mended", async () => {
  bench.writer.data = data(false);
  bench.copy.data = data(true);
  const writer = bench.keeper(bench.writer);
  writer.assign(primary);
  const keeper = bench.another(bench.copy);
  keeper.assign(bench.secondary);
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
  expect(writer.report().lags).toMatchObject([{ isStreaming: true, lagBytes: 0 }]);
});

test("A8: nobody clones over a writer, a former writer, or another database system", async () => {
  const refused = async (
    host: SimHost,
    assignment: Assignment,
    action: CommandAction,
  ): Promise<void> => {
    const before = host.data;
    const keeper = bench.another(host);
    keeper.assign(assignment);
    keeper.obey(command("c1", action));
    await bench.pass(2_000);
    expect(keeper.report().command).toMatchObject({ outcome: "failed" });
    expect(host.data).toBe(before);
  };
  bench.writer.data = data(false);
  await refused(bench.writer, primary, clone(true));
  bench.copy.data = data(false);
  await refused(bench.copy, bench.secondary, clone(true));
  bench.copy.data = data(true, "7002" as SystemId);
  await refused(bench.copy, bench.secondary, clone(true));
  await refused(bench.copy, bench.secondary, clone(false));
  expect(bench.removed).toEqual([]);
});

test("A9: a clone that is cut leaves nothing behind and says why it failed", async () => {
  bench.writer.data = data(false);
  bench.keeper(bench.writer).assign(primary);
  await bench.pass(2_000);
  const keeper = bench.another(bench.copy);
  keeper.assign(bench.secondary);
  keeper.obey(command("c1", clone()));
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
  bench.writer.data = data(false);
  bench.writer.isDiskFull = true;
  const keeper = bench.keeper(bench.writer);
  keeper.assign(primary);
  await bench.pass(300_000);
  expect(keeper.report().state).toMatchObject({ kind: "failed", code: "disk.full" });
  bench.writer.isDiskFull = false;
  await bench.pass(12_000);
  expect(keeper.report().state.kind).toBe("serving");
});

test("A10: a server that crashes after each start is not started in a busy loop", async () => {
  bench.writer.data = data(false);
  const keeper = bench.keeper(bench.writer);
  keeper.assign(primary);
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
  bench.writer.data = data(false);
  const keeper = bench.keeper(bench.writer);
  keeper.assign(primary);
  await bench.pass(2_000);
  await bench.clock.drive(() => keeper.leave(new AbortController().signal));
  expect(bench.writer.server).toBeUndefined();
  expect(keeper.report()).toMatchObject({ state: { kind: "stopped" }, position: undefined });
});
