/** The bad luck of a world: one fault after another, each with its end, all drawn from the seed. */
import type { AgentProgram } from "./agent-program.ts";
import type { SimClock } from "./clock.ts";
import { controllerPlace, type ControllerProgram } from "./controller-program.ts";
import type { SimFileDisk } from "./files.ts";
import type { SimHost } from "./host.ts";
import type { Place, SimNetwork } from "./network.ts";
import type { SeededRandom } from "./random.ts";
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
  readonly everyMs: number;
};

type Fault = (targets: FaultTargets) => void;

const faults: Readonly<Record<string, Fault>> = {
  "controller-killed": ({ controller, clock, random }) => {
    controller.kill();
    clock.after(random.between(100, random.chance(0.2) ? 30_000 : 2_000), () =>
      revive(controller, clock),
    );
  },
  "agent-killed": ({ agents, clock, random }) => {
    const agent = random.pick(agents);
    agent.kill();
    clock.after(random.between(100, 5_000), () => startIfDown(agent));
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
  "data-lost": ({ stream, random }) => {
    if (!random.chance(0.4)) return;
    const host = random.pick(stream.hosts);
    crash(host, stream);
    host.data = { kind: "absent" };
  },
};

/** Lets faults happen until `endMs`. Answers what they were called, for the record. */
export async function harass(targets: FaultTargets, endMs: number): Promise<void> {
  const { clock, random, everyMs } = targets;
  const names = Object.keys(faults);
  const next = (): void => {
    if (clock.monotonicMs() >= endMs) return;
    faults[random.pick(names)]?.(targets);
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
  for (const host of stream.hosts) host.isDiskFull = false;
  for (const disk of targets.fileDisks) disk.isFull = false;
  targets.storeDisk.isFull = false;
  for (const agent of agents) startIfDown(agent);
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

function startIfDown(agent: AgentProgram): void {
  if (!agent.isAlive) agent.start();
}

function crash(host: SimHost, stream: WalStream): void {
  stream.settle();
  host.endServer("it crashed");
}

export const placesOf = (regions: readonly Place[]): readonly Place[] => [
  ...regions,
  controllerPlace,
];
