/** The bad luck of a world: one fault after another, each with its end, all drawn from the seed. */
import type { Log } from "../src/env/env.ts";
import type { AgentProgram } from "./agent-program.ts";
import type { SimClock, SkewedClock } from "./clock.ts";
import { controllerPlace, type ControllerProgram } from "./controller-program.ts";
import type { SimFileDisk } from "./files.ts";
import type { SimHost } from "./host.ts";
import type { Place, SimNetwork } from "./network.ts";
import type { SeededRandom } from "./random.ts";
import type { Referee } from "./referee.ts";
import type { SimDisk } from "./store.ts";
import type { WalStream } from "./stream.ts";

export type FaultTargets = {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly stream: WalStream;
  readonly controller: ControllerProgram;
  readonly agents: readonly AgentProgram[];
  readonly places: readonly Place[];
  readonly fileDisks: readonly SimFileDisk[];
  readonly storeDisk: SimDisk;
  /** The clocks of all machines. */
  readonly clocks: readonly SkewedClock[];
  readonly referee: Referee;
  readonly log: Log;
  /** What fails without a reason does so until the faults end. */
  readonly unreliable: readonly { failureRate: number }[];
  /** Undefined: all. */
  readonly faults: readonly FaultName[] | undefined;
  readonly everyMs: number;
};

type Fault = (targets: FaultTargets) => void;

const faults = {
  "controller-killed": ({ controller, clock, random }) => {
    controller.kill();
    clock.after(random.between(100, random.chance(0.2) ? 30_000 : 2_000), () =>
      revive(controller, clock),
    );
  },
  "agent-killed": ({ agents, clock, random }) => {
    const agent = random.pick(agents);
    if (!agent.isWhole) return;
    agent.kill();
    clock.after(random.between(100, 5_000), () => startIfDown(agent));
  },
  "agent-paused": ({ agents, clock, random }) => {
    const { isWhole, life } = random.pick(agents);
    if (!isWhole) return;
    life.pause();
    clock.after(random.between(100, 20_000), () => life.resume());
  },
  "guard-killed": ({ agents, random }) => {
    const agent = random.pick(agents);
    if (agent.isWhole) agent.killGuard();
  },
  "guard-paused": ({ agents, clock, random }) => {
    const { isWhole, guard } = random.pick(agents);
    if (!isWhole) return;
    const { life } = guard;
    life.pause();
    clock.after(random.between(100, 20_000), () => life.resume());
  },
  "postgres-paused": ({ stream, clock, random }) => {
    const host = random.pick(stream.hosts);
    pauseServer(host, stream, clock, random.between(100, 20_000));
  },
  "region-paused": (targets) => {
    const { agents, random, clock } = targets;
    const agent = random.pick(agents);
    if (agent.isWhole) clock.after(random.between(100, 25_000), freezeRegion(agent, targets));
  },
  "clock-jumped": ({ clocks, random }) => {
    random.pick(clocks).jumpWall(random.pick([-3_600_000, 3_600_000]));
  },
  "region-killed": ({ agents, clock, random }) => {
    const agent = random.pick(agents);
    agent.killRegion();
    clock.after(random.between(500, 30_000), () => startIfDown(agent));
  },
  "region-stopped": ({ agents, clock, random }) => {
    const agent = random.pick(agents);
    agent.stop();
    clock.after(random.between(500, 30_000), () => {
      agent.killRegion();
      startIfDown(agent);
    });
  },
  "way-cut": ({ places, network, stream, clock, random }) => {
    const [from, to] = [random.pick(places), random.pick(places)];
    const ways = random.chance(0.4)
      ? [[from, to]]
      : [
          [from, to],
          [to, from],
        ];
    stream.settle();
    for (const [a = from, b = to] of ways) network.cut(a, b);
    clock.after(random.between(100, 60_000), () => {
      stream.settle();
      for (const [a = from, b = to] of ways) network.mend(a, b);
    });
  },
  /** The writer goes on by promises, and nobody can tell it that it is no writer any more. */
  "writer-unheard": ({ network, stream, clock, random }) => {
    const writers = stream.hosts.filter(({ isPrimary }) => isPrimary);
    if (writers.length === 0) return;
    const { place } = random.pick(writers);
    network.cut(place, controllerPlace);
    network.cut(controllerPlace, place);
    clock.after(random.between(5_000, 40_000), () => {
      network.mend(place, controllerPlace);
      network.mend(controllerPlace, place);
    });
  },
  /** A writer that crashes where no lease comes any more: the Region on its own must not bring it back (I2). */
  "region-alone": ({ places, network, stream, clock, random }) => {
    const host = random.pick(stream.hosts);
    stream.settle();
    const others = places.filter((place) => place !== host.place);
    for (const other of others) {
      network.cut(host.place, other);
      network.cut(other, host.place);
    }
    clock.after(random.between(0, 20_000), () => crash(host, stream));
    clock.after(random.between(10_000, 40_000), () => {
      stream.settle();
      for (const other of others) {
        network.mend(host.place, other);
        network.mend(other, host.place);
      }
    });
  },
  "server-crashed": ({ stream, random }) => {
    stream.settle();
    random.pick(stream.hosts).endServer("it crashed");
  },
  "disk-full": ({ stream, clock, random }) => {
    const host = random.pick(stream.hosts);
    host.isDiskFull = true;
    if (random.chance(0.3)) crash(host, stream);
    clock.after(random.between(1_000, 40_000), () => (host.isDiskFull = false));
  },
  "agent-disk-full": ({ fileDisks, clock, random }) => {
    const disk = random.pick(fileDisks);
    disk.isFull = true;
    clock.after(random.between(1_000, 20_000), () => (disk.isFull = false));
  },
  "store-disk-full": ({ storeDisk, clock, random }) => {
    storeDisk.isFull = true;
    clock.after(random.between(1_000, 20_000), () => (storeDisk.isFull = false));
  },
  /** Rare: a world whose writer has lost its data has little left to show. */
  "data-lost": ({ stream, random, referee }) => {
    if (!random.chance(0.2)) return;
    const host = random.pick(stream.hosts);
    crash(host, stream);
    referee.truth.bereave(host);
    host.data = { kind: "absent" };
  },
} satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

/** Lets faults happen until `endMs`. Answers what they were called, for the record. */
export async function harass(targets: FaultTargets, endMs: number): Promise<void> {
  const { clock, random, everyMs } = targets;
  const names = targets.faults ?? (Object.keys(faults) as readonly FaultName[]);
  const next = (): void => {
    if (clock.monotonicMs() >= endMs) return;
    const name = random.pick(names);
    targets.log.info(`fault.${name}`);
    faults[name](targets);
    clock.after(random.between(0, 2 * everyMs), next);
  };
  clock.after(random.between(0, 2 * everyMs), next);
  await clock.runUntil(endMs);
}

/** Ends every fault. */
export function heal(targets: FaultTargets): void {
  const { network, stream, places, controller, agents, clock } = targets;
  stream.settle();
  for (const from of places) for (const to of places) network.mend(from, to);
  network.calm();
  for (const one of targets.unreliable) one.failureRate = 0;
  for (const host of stream.hosts) {
    host.isDiskFull = false;
    host.isPaused = false;
  }
  for (const disk of targets.fileDisks) disk.isFull = false;
  targets.storeDisk.isFull = false;
  for (const agent of agents) {
    agent.life.resume();
    agent.guard.life.resume();
    startIfDown(agent);
    agent.reviveGuard();
  }
  if (!controller.databases) revive(controller, clock);
}

/** Starts the controller, and again after it failed, as its supervisor does. */
export function revive(controller: ControllerProgram, clock: SimClock): void {
  if (controller.databases) return;
  void controller.run().then((hasFailed) => {
    if (hasFailed) clock.after(500, () => revive(controller, clock));
    return undefined;
  });
}

/** As the supervisor does it. */
export function startIfDown(agent: AgentProgram): void {
  if (!agent.isAlive) agent.start();
}

function pauseServer(host: SimHost, stream: WalStream, clock: SimClock, ms: number): void {
  const { server } = host;
  if (!server) return;
  stream.settle();
  host.isPaused = true;
  clock.after(ms, () => thawServer(host, server, stream));
}

/** A server that was killed meanwhile is not thawed, and the next one was never paused. */
function thawServer(host: SimHost, server: SimHost["server"], stream: WalStream): void {
  if (host.server !== server) return;
  stream.settle();
  host.isPaused = false;
}

/** Everything stands still; the answer thaws it, and it comes back in any order within a few ms. */
export function freezeRegion(
  agent: AgentProgram,
  { stream, clock, random, referee }: FaultTargets,
): () => void {
  const lives = [agent.life, agent.guard.life];
  const servers = agent.hosts.map((host) => ({ host, server: host.server }));
  stream.settle();
  for (const life of lives) life.pause();
  for (const { host, server } of servers) host.isPaused = server !== undefined;
  return () => {
    referee.truth.thawed(agent.region);
    for (const life of lives) clock.after(random.between(0, 20), () => life.resume());
    for (const { host, server } of servers)
      clock.after(random.between(0, 20), () => thawServer(host, server, stream));
  };
}

function crash(host: SimHost, stream: WalStream): void {
  stream.settle();
  host.endServer("it crashed");
}

export const placesOf = (regions: readonly Place[]): readonly Place[] => [
  ...regions,
  controllerPlace,
];
