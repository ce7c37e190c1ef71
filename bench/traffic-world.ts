/** An application of two services in two Regions, seen from its people: Regions lost, traffic moved, names moved. */
import { join } from "node:path";
import { note, Visitors, type Visited } from "../test/e2e/visitors.ts";
import { until } from "../test/e2e/until.ts";
import { nodeClock } from "../src/env/node/clock.ts";
import { primary, root, secondary, withBenchWorld, type BenchWorld } from "./bench-world.ts";
import { seenAt } from "./dns-load.ts";
import { figure, type Figure } from "./figure.ts";

const database = "notes-db";
const zone = "leeward.internal";
/** As a small crowd: more at once only wait for the two cores. */
const clients = 8;
/** What was asked for. */
const goodAnswerMsMax = 1_500;
const plannedRequests = 10_000;
const visibleMsMax = 20;
const startMsMax = 60_000;
/** Half of the round trip that the example's links have. */
const oneWayMs = 30;

/** The services' programs stay where they are. */
const withServices = (yaml: string): string =>
  yaml.replaceAll("services/", `${join(root, "examples/two-services/services")}/`);

export function measureWorld(rounds: number): Promise<readonly Figure[]> {
  return withBenchWorld(
    async (world) => {
      await world.run("up", "--detach");
      const moved = await measurePlannedMove(world);
      const names = await measureNames(world, rounds);
      const lost = await measureLoss(world, rounds);
      return [...moved, ...names, ...lost];
    },
    withServices,
    "two-services",
  );
}

const entryOf = ({ world }: BenchWorld): string => `http://127.${world}.0.1:8080/`;

/** The database and the traffic go to the other Region and back until so many requests were answered. */
async function measurePlannedMove(world: BenchWorld): Promise<readonly Figure[]> {
  const readers = new Visitors(entryOf(world), clients);
  const writers = new Visitors(`${entryOf(world)}notes`, 2, (index) =>
    note(`note ${index}`, `bench-${index}`),
  );
  let moves = 0;
  while (readers.good + writers.good < plannedRequests) {
    const [to, from] = moves % 2 === 0 ? [secondary, primary] : [primary, secondary];
    await world.run("switchover", database, "--to", to);
    await world.run("control", "off", from);
    await world.run("control", "on", from);
    moves += 1;
  }
  const [read, written] = [await readers.end(), await writers.end()];
  for (const words of [...read.bad, ...written.bad].slice(0, 5)) console.error(words);
  const count = read.good + written.good + read.bad.length + written.bad.length;
  const what = `${count} requests, ${written.good} of them writes, over ${moves} switchovers, each with its Region's control Off and On`;
  return [
    figure("failed requests in planned moves", "requests", [read.bad.length + written.bad.length], {
      limit: { kind: "at-most", value: 0 },
      note: what,
    }),
    figure("longest time without a good answer, reads", "ms", [read.gapMs]),
    figure("longest time without a good answer, writes", "ms", [written.gapMs]),
  ];
}

/**
 * From the question to the API until a view answers otherwise: the change is durable and has crossed a link by then. A
 * Region's own entry is nearest to it, so that it is that one which is switched.
 */
async function measureNames(world: BenchWorld, rounds: number): Promise<readonly Figure[]> {
  const seen = new Map<number, number[]>([0, 1, 2].map((view) => [view, []]));
  const api = world.api();
  for (let round = 0; round < rounds; round += 1) {
    for (const [view, region] of [
      [0, primary],
      [1, primary],
      [2, secondary],
    ] as const) {
      for (const isOff of [true, false]) {
        seen.get(view)?.push(await changedMs(world, api, { view, region, isOff }));
      }
    }
  }
  api.close();
  return [
    figure("a changed name, as seen from outside", "ms", seen.get(0) ?? []),
    ...[1, 2].map((view) =>
      figure(
        `a changed name, as seen from Region ${view}, less the link's ${oneWayMs} ms`,
        "ms",
        (seen.get(view) ?? []).map((ms) => ms - oneWayMs),
        {
          limit: { kind: "at-most", value: visibleMsMax },
          note: "from the request to the API; it is durable before anybody is told",
        },
      ),
    ),
  ];
}

/** Switches one Region's control, and waits for the one view to send people where they are to go then. */
async function changedMs(
  { world }: BenchWorld,
  api: ReturnType<BenchWorld["api"]>,
  change: { readonly view: number; readonly region: string; readonly isOff: boolean },
): Promise<number> {
  const { view, region, isOff } = change;
  const [own, other] = region === primary ? [1, 2] : [2, 1];
  // As this view reaches the entry of a Region.
  const host = (to: number): string =>
    view === 0 || view === to ? `127.${world}.${to}.1` : `127.${world}.${view}.${100 + to}`;
  const [before, after] = isOff ? [own, other] : [other, own];
  const at = { host: `127.${world}.${view}.1`, port: 5_300 };
  await seenAt(at, `web.${zone}`, host(before));
  const signal = AbortSignal.timeout(startMsMax);
  // The connection is open before the clock starts.
  await api.status(signal);
  const watching = seenAt(at, `web.${zone}`, host(after));
  const startedMs = nodeClock.monotonicMs();
  const controls = [{ name: region, state: isOff ? ("Off" as const) : ("On" as const) }];
  await api.traffic.setControls({ controls }, signal);
  return (await watching) - startedMs;
}

/** The Region that people are near to is killed while they ask; in every second round it is the writer's. */
async function measureLoss(world: BenchWorld, rounds: number): Promise<readonly Figure[]> {
  const losses: Visited[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const lost = round % 2 === 0 ? secondary : primary;
    const near = { headers: { "x-near": lost } };
    const visitors = new Visitors(entryOf(world), clients, () => near);
    await until("people are there", startMsMax, () => visitors.good > 200);
    const before = visitors.good;
    await world.run("region", "kill", lost);
    await until("they are served elsewhere", startMsMax, () => visitors.good > before + 200);
    const visited = await visitors.end();
    for (const words of visited.bad.slice(0, 5)) console.error(words);
    losses.push(visited);
    await world.run("region", "start", lost);
    // Its services, too: until they are ready, the next loss would leave nobody.
    const api = world.api();
    await until("all serve again", startMsMax, async () => {
      return (await api.status(AbortSignal.timeout(startMsMax))).isReady;
    });
    api.close();
  }
  const limit = { kind: "at-most", value: goodAnswerMsMax } as const;
  return [
    figure(
      "a Region killed, longest time without a good answer",
      "ms",
      losses.map(({ gapMs }) => gapMs),
      { limit },
    ),
    figure(
      "a Region killed, requests that failed",
      "requests",
      losses.map(({ bad }) => bad.length),
      {
        note: `of ${losses.reduce((sum, { good }) => sum + good, 0)} in ${rounds} losses`,
      },
    ),
  ];
}
