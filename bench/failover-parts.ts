/** The parts of `npm run bench:failover` that move, or do not move, the writer of a world. */
import { setTimeout as sleep } from "node:timers/promises";
import { figure, type Figure } from "./figure.ts";
import { measureMove, type Move } from "./move.ts";
import { MovingWorld, type Policy, type Turn } from "./moving-world.ts";
import { completedOperation, parseOperations, stepEndedWallMs } from "./operation-answer.ts";
import { processTree } from "./proc.ts";
import { watchReturn } from "./return-watch.ts";
import { longestGap, type WriteLog } from "./write-log.ts";

/** Of the local preset. */
const leaseMs = 3_000;
const leaseMarginMs = 1_000;
/** 30 s: an operation leaves the old primary's return to the loop after that. */
const returnBoundMs = 30_000;
const actionBoundMs = 60_000;
const awayMs = 60_000;

const atMost = (
  value: number,
): { readonly limit: { readonly kind: "at-most"; readonly value: number } } => ({
  limit: { kind: "at-most", value },
});

export type SwitchoverResult = {
  readonly figures: readonly Figure[];
  readonly gapsMs: readonly number[];
};

export async function measureSwitchover(runs: number): Promise<SwitchoverResult> {
  const moves: Move[] = [];
  const returnsMs: number[] = [];
  const pausesMs: number[] = [];
  let rebuilt = 0;
  await eachTurn({ failover: "manual" }, runs, async (moving, turn) => {
    const inode = moving.dataInode(turn.from);
    const returned = watchReturn(moving.place(turn.toHost), AbortSignal.timeout(returnBoundMs));
    returned.catch(() => undefined);
    const move = await measureMove(moving.client, turn.toHost, async () => {
      const text = await moving.world.ask("switchover", "orders", "--to", turn.to, "--json");
      const { writePauseMs } = completedOperation(text);
      if (typeof writePauseMs === "number") pausesMs.push(writePauseMs);
    });
    moves.push(move);
    const { promotedMs, streamingMs } = await returned;
    returnsMs.push(streamingMs - promotedMs);
    if (moving.dataInode(turn.from) !== inode) rebuilt += 1;
  });
  const gapsMs = moves.map(({ gapMs }) => gapMs);
  const pause =
    pausesMs.length === 0 ? [] : [figure("switchover, write pause as it says", "ms", pausesMs)];
  return {
    gapsMs,
    figures: [
      figure("switchover, longest gap", "ms", gapsMs, { ...atMost(800), note: describe(moves) }),
      figure("switchover, longest gap, worst", "ms", [Math.max(...gapsMs)], atMost(1_500)),
      ...pause,
      figure("switchover, old primary streams again after", "ms", returnsMs, atMost(1_000)),
      figure("switchover, old primary rebuilt, in all", "times", [rebuilt], atMost(0)),
      figure(
        "switchover, acknowledged writes lost, in all",
        "writes",
        [sum(moves, ({ missing }) => missing.length)],
        atMost(0),
      ),
      secondWriter("switchover", moves),
    ],
  };
}

/** A failover of a writer that is well: what is left of the time when nobody has to be found dead. */
export async function measureFailover(runs: number): Promise<readonly Figure[]> {
  const losses: Loss[] = [];
  const takesMs: number[] = [];
  await eachTurn({ failover: "manual" }, runs, async (moving, turn) => {
    let provedWallMs: number | undefined;
    let estimated = 0;
    const move = await measureMove(moving.client, turn.toHost, async () => {
      const options = ["--to", turn.to, "--allow-data-loss", "--yes", "--json"];
      const done = completedOperation(await moving.world.ask("failover", "orders", ...options));
      provedWallMs = stepEndedWallMs(done, "fence");
      estimated = done.estimatedLoss?.transactions ?? 0;
    });
    if (provedWallMs === undefined) {
      throw new Error("The operation does not say when its fence was proved");
    }
    takesMs.push(move.first.ackWallMs - provedWallMs);
    losses.push(await accountFor(moving, turn, move, estimated));
  });
  const note = describe(losses.map(({ move }) => move));
  return [
    figure("failover, from the fence proved to the first write", "ms", takesMs, {
      ...atMost(1_000),
      note,
    }),
    ...lossFigures("failover", losses),
  ];
}

export async function measureAutomatic(runs: number): Promise<readonly Figure[]> {
  const losses: Loss[] = [];
  await eachTurn({ failover: "automatic" }, runs, async (moving, turn) => {
    const { from, toHost } = turn;
    const move = await measureMove(moving.client, toHost, () => act(moving, from, "kill"));
    const estimated = await estimatedLoss(moving, turn);
    await act(moving, from, "start");
    losses.push(await accountFor(moving, turn, move, estimated));
  });
  const takesMs = losses.map(({ move: { first, startedMs } }) => first.ackMs - startedMs);
  const name = "Region killed, to the first write by policy";
  const note = describe(losses.map(({ move }) => move));
  return [
    figure(name, "ms", takesMs, { ...atMost(leaseMs + leaseMarginMs + 1_500), note }),
    figure(`${name}, worst`, "ms", [Math.max(...takesMs)], atMost(6_000)),
    ...lossFigures("Region killed", losses),
  ];
}

/** The controller is there and answers nobody: a dead one would be back within a second. */
export async function measureAway(runs: number): Promise<readonly Figure[]> {
  const logs: WriteLog[] = [];
  let missing = 0;
  await eachTurn({ failover: "manual" }, runs, async ({ world, client }, { fromHost }) => {
    await client.take();
    const controller = controllerPid(world.supervisorPid);
    process.kill(controller, "SIGSTOP");
    try {
      await sleep(awayMs);
    } finally {
      process.kill(controller, "SIGCONT");
    }
    const log = await client.take();
    missing += (await client.missing(log, fromHost)).length;
    logs.push(log);
  });
  const failed = logs.map((log) => log.failed.filter(({ wasToWriter }) => wasToWriter).length);
  const writers = new Set(logs.flatMap((log) => log.acknowledged.map(({ host }) => host)));
  const writes = logs.reduce((total, log) => total + log.acknowledged.length, 0);
  const note = `stopped for ${awayMs / 1000} s each time, ${writes} writes acknowledged by ${writers.size} server`;
  return [
    figure("controller away, failed writes", "writes", failed, { ...atMost(0), note }),
    figure(
      "controller away, longest gap",
      "ms",
      logs.map((log) => longestGap(log).ms),
    ),
    figure("controller away, acknowledged writes lost, in all", "writes", [missing], atMost(0)),
  ];
}

async function eachTurn(
  policy: Policy,
  runs: number,
  run: (moving: MovingWorld, turn: Turn) => Promise<void>,
): Promise<void> {
  await MovingWorld.with(policy, async (moving) => {
    for (let number = 0; number < runs; number += 1) await run(moving, await moving.nextTurn());
  });
}

/** By the API: a command's own start is not what is measured. */
async function act(
  { world }: MovingWorld,
  region: string,
  action: "kill" | "start",
): Promise<void> {
  const api = world.api();
  const signal = AbortSignal.timeout(actionBoundMs);
  await api.actOnRegion(region, action, signal).finally(() => api.close());
}

async function estimatedLoss({ world }: MovingWorld, { to }: Turn): Promise<number> {
  const operations = parseOperations(await world.ask("operations", "--json"));
  const [last] = operations
    .filter((one) => one.database === "orders" && one.to === to)
    .toSorted((a, b) => b.epoch - a.epoch);
  return last?.estimatedLoss?.transactions ?? 0;
}

type Loss = {
  readonly move: Move;
  /** Lost writes that are not in the old writer's evidence either. */
  readonly vanished: number;
  /** Lost writes that the operation did not count: the last look at a writer that died is up to 1 s old. */
  readonly uncounted: number;
};

/** Waits until the old writer is back, with its former data set aside. */
async function accountFor(
  moving: MovingWorld,
  { from }: Turn,
  move: Move,
  estimated: number,
): Promise<Loss> {
  await moving.untilHealthy();
  const lost = move.log.acknowledged.filter(({ id }) => move.missing.includes(id));
  return {
    move,
    vanished: moving.notInEvidence(from, lost).length,
    uncounted: Math.max(0, lost.length - estimated),
  };
}

function lossFigures(name: string, losses: readonly Loss[]): readonly Figure[] {
  const moves = losses.map(({ move }) => move);
  const lost = losses.map(({ move }) => move.missing.length);
  const vanished = losses.reduce((total, loss) => total + loss.vanished, 0);
  const uncounted = losses.map((loss) => loss.uncounted);
  return [
    figure(`${name}, acknowledged writes lost`, "writes", lost),
    figure(`${name}, lost and not in the evidence, in all`, "writes", [vanished], atMost(0)),
    figure(`${name}, lost beyond the estimate`, "writes", uncounted),
    secondWriter(name, moves),
  ];
}

function secondWriter(name: string, moves: readonly Move[]): Figure {
  const second = [sum(moves, (move) => move.second.length)];
  return figure(`${name}, acknowledged by a second writer, in all`, "writes", second, atMost(0));
}

function describe(moves: readonly Move[]): string {
  const writes = sum(moves, ({ log }) => log.acknowledged.length);
  const refusals = sum(moves, (move) => move.refusals);
  return `${moves.length} moves, ${writes} writes acknowledged; afterwards the old server was asked and refused ${refusals} times`;
}

function sum(moves: readonly Move[], of: (move: Move) => number): number {
  return moves.reduce((total, move) => total + of(move), 0);
}

function controllerPid(supervisorPid: number): number {
  const found = processTree(supervisorPid).find(
    ({ command }) => command.includes("internal") && command.includes("controller"),
  );
  if (!found) throw new Error("There is no process of the controller");
  return found.pid;
}
