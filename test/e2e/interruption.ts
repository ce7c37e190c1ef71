/** One operation, one program that is killed at one of its steps, and what has to be true afterwards. */
import { join } from "node:path";
import { rowsNotInWal } from "../../bench/evidence-search.ts";
import { east, west } from "../../scenarios/stage.ts";
import { assert } from "../../src/std/assert.ts";
import type { ApiOperation } from "../../src/api/operations-api.ts";
import {
  ask,
  begin,
  operationOf,
  snapshotsOf,
  untilEnded,
  untilOperation,
  untilSettled,
} from "./operations.ts";
import { killIfAlive } from "./processes.ts";
import type { StageClients } from "./stage-clients.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";

const database = "orders";
/** 90 s: a Region is started, its writer recovers, and a copy is made anew. */
const boundMs = 90_000;
const proofCommits = 10;

export const victims = [
  "controller",
  "agent of the old writer",
  "agent of the target",
  "network",
  "old Region",
  "target Region",
] as const;

export type Interruption = {
  readonly kind: "switchover" | "failover";
  readonly step: string;
  readonly victim: (typeof victims)[number];
};

export type Interrupted = {
  readonly operation: ApiOperation;
  /** The step at which it was struck; a later one than wanted where that was too short to be seen. */
  readonly struckAt: string;
  /** The longest time between two acknowledgements, in ms. */
  readonly gapMs: number;
  readonly lost: number;
};

const steps = {
  switchover: ["checkpoint", "prepare", "hand-over", "promote", "follow"],
  failover: ["fence", "promote"],
} as const;

/** In an order of its own, so that the first ones are no better known than the last. */
export const interruptions: readonly Interruption[] = (["switchover", "failover"] as const).flatMap(
  (kind) => steps[kind].flatMap((step) => victims.map((victim) => ({ kind, step, victim }))),
);

/**
 * A failover is made while the old primary is isolated, so that nothing but its lease speaks for it.
 * @throws Error naming what does not hold afterwards
 */
export async function interrupt(
  world: World,
  clients: StageClients,
  what: Interruption,
): Promise<Interrupted> {
  const from = await untilSettled(world, database, boundMs);
  const to = from === east ? west : east;
  const before = clients.acks.length;
  const strike = prepareStrike(world, what.victim, { from, to });
  if (what.kind === "failover") await ask(world, "POST", `/v1/regions/${from}/isolate`);
  const wish = { kind: what.kind, to, allowDataLoss: what.kind === "failover" };
  const { id } = await begin(world, database, wish);
  const struckAt = await untilStep(world, id, what);
  await strike();
  const operation = await untilEnded(world, id, boundMs);
  if (what.kind === "failover") await heal(world, from);
  const primary = await untilSettled(world, database, boundMs);
  assert(
    primary === (operation.outcome === "completed" ? to : from),
    `after ${operation.outcome} the primary is ${primary}: ${operation.because}`,
  );
  await untilWrites(clients, primary);
  const lost = await lostIn(world, clients, before, what);
  const acks = clients.acks.slice(before);
  assertOneWriter(acks, primary === from ? 0 : 1);
  await removeSnapshots(world);
  const gapMs = Math.max(...acks.map(({ atMs }, at) => atMs - (acks[at - 1]?.atMs ?? atMs)));
  return { operation, struckAt, gapMs, lost };
}

/**
 * The target dies after the claim and does not come back: a failover to the old Region takes over, the one thing
 * that may. Answers how the switchover and the failover ended.
 */
export async function loseTarget(
  world: World,
  clients: StageClients,
  step: "promote" | "follow",
): Promise<{ readonly switchover: ApiOperation; readonly failover: ApiOperation }> {
  const from = await untilSettled(world, database, boundMs);
  const to = from === east ? west : east;
  const before = clients.acks.length;
  const lost = { kind: "switchover", step, victim: "target Region" } as const;
  const { id } = await begin(world, database, { kind: "switchover", to });
  await untilStep(world, id, lost);
  await ask(world, "POST", `/v1/regions/${to}/kill`);
  const taken = await until("a failover takes over", boundMs, () =>
    begin(world, database, {
      kind: "failover",
      to: from,
      allowDataLoss: true,
      overrideFence: "every process of the target is gone",
    }),
  );
  const failover = await untilEnded(world, taken.id, boundMs);
  const switchover = await operationOf(world, id);
  await untilWrites(clients, from);
  await ask(world, "POST", `/v1/regions/${to}/start`);
  const primary = await untilSettled(world, database, boundMs);
  assert(primary === from, `the failover ended ${failover.outcome}, and ${primary} is the primary`);
  await lostIn(world, clients, before, { ...lost, kind: "failover" });
  await removeSnapshots(world);
  return { switchover, failover };
}

/** Whom to kill is looked up before: at the step there is no time for it. */
function prepareStrike(
  world: World,
  victim: Interruption["victim"],
  { from, to }: { readonly from: string; readonly to: string },
): () => Promise<void> {
  const program = (name: string): (() => Promise<void>) => {
    const pid = world.program(name);
    return async () => killIfAlive(pid);
  };
  const region = (name: string) => async (): Promise<void> => {
    await ask(world, "POST", `/v1/regions/${name}/kill`);
    await ask(world, "POST", `/v1/regions/${name}/start`);
  };
  switch (victim) {
    case "controller":
    case "network":
      return program(victim);
    case "agent of the old writer":
      return program(`agent-${from}`);
    case "agent of the target":
      return program(`agent-${to}`);
    case "old Region":
      return region(from);
    case "target Region":
      return region(to);
  }
}

async function untilStep(world: World, id: string, what: Interruption): Promise<string> {
  const order: readonly string[] = steps[what.kind];
  const { step } = await untilOperation(world, id, boundMs, (seen) => {
    return seen.phase === "ended" || order.indexOf(seen.step) >= order.indexOf(what.step);
  });
  return step;
}

/** A controller that was killed is back within a second. */
async function heal(world: World, region: string): Promise<void> {
  await until(`${region} is healed`, boundMs, async () => {
    await ask(world, "POST", `/v1/regions/${region}/heal`);
    return true;
  });
}

async function untilWrites(clients: StageClients, primary: string): Promise<void> {
  const from = clients.acks.length;
  await until(`${primary} writes`, boundMs, () => clients.acks.length >= from + proofCommits);
  const [last] = clients.acks.slice(-1);
  assert(last?.region === primary, `${last?.region} writes, and ${primary} is the primary`);
}

/** How many the primary does not have; after a failover all of them must be in the evidence. */
async function lostIn(
  world: World,
  clients: StageClients,
  before: number,
  { kind }: Interruption,
): Promise<number> {
  const missing = await clients.missing(before);
  assert(kind === "failover" || missing.length === 0, `${missing.length} commits were lost`);
  const evidence = await snapshotsOf(world);
  const rows = missing.map(({ id, region }) => ({ id, host: region }));
  const gone = rowsNotInWal(
    evidence.map(({ path }) => join(path, "data")),
    rows,
  );
  const names = evidence.map(({ name }) => name).join(", ") || "none";
  assert(gone.length === 0, `${gone.length} lost commits are in no evidence (${names})`);
  return missing.length;
}

function assertOneWriter(acks: StageClients["acks"], moves: number): void {
  const changes = acks.filter(({ region }, at) => region !== (acks[at - 1]?.region ?? region));
  assert(
    changes.length === moves,
    `the writer moved ${moves} times, and who acknowledged changed ${changes.length} times`,
  );
}

async function removeSnapshots(world: World): Promise<void> {
  for (const { region, name } of await snapshotsOf(world)) {
    await ask(world, "DELETE", `/v1/snapshots/${region}/${name}`);
  }
}
