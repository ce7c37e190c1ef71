/** The request that places an order, up to its answer, by one person who buys again and again at a Region's own entry. */
import { Agent } from "node:http";
import { buy } from "../examples/retail-store/load/buy.ts";
import { nodeClock } from "../src/env/node/clock.ts";
import { Browser, type Site } from "../src/load/browser.ts";
import { Flights } from "../src/load/flights.ts";
import { Tally, type Sample } from "../src/load/tally.ts";
import { visit } from "../test/e2e/visitors.ts";
import { primary, secondary, type BenchWorld } from "./bench-world.ts";
import { figure, median, type Figure } from "./figure.ts";
import { entryOf } from "./store-world.ts";

/** What was asked for: so long in the primary Region, and so many round trips more in the other. */
const purchaseMsMax = 60;
const roundTripsMax = 4;

/** The first meet programs that are still being compiled. */
const warmPurchases = 10;
/** A median of so many is stable to the millisecond. */
const glances = 20;
/** 10 s: a status takes some ms. */
const statusMsMax = 10_000;

/** @param purchases that count, in each Region */
export async function measurePurchases(
  world: BenchWorld,
  purchases: number,
): Promise<readonly Figure[]> {
  const rttMs = await configuredRttMs(world);
  const [near, far] = [entryOf(world, 1), entryOf(world, 2)];
  const atHome = await buyInARow(near, { region: primary, visitor: 1, purchases });
  const away = await buyInARow(far, { region: secondary, visitor: 2, purchases });
  // From the secondary Region to the primary's entry: there and back through the link.
  const crossing = await glanceMs(`http://127.${world.world}.2.101:8080`);
  const trips = (median(away.placedMs) / rttMs).toFixed(1);
  return [
    figure("placing an order in the primary Region", "ms", atHome.placedMs, {
      limit: { kind: "at-most", value: purchaseMsMax },
      floor: { value: await glanceMs(near), what: "GET /healthcheck at the same entry" },
    }),
    figure("placing an order in the secondary Region", "ms", away.placedMs, {
      limit: { kind: "at-most", value: roundTripsMax * rttMs + purchaseMsMax },
      floor: { value: crossing, what: "GET /healthcheck through the link" },
      note: `${trips} round trips of ${rttMs} ms; ${roundTripsMax} of them and ${purchaseMsMax} ms were asked for`,
    }),
    figure("the order's page after it, primary Region", "ms", atHome.shownMs),
    figure("the order's page after it, secondary Region", "ms", away.shownMs),
  ];
}

type Row = { readonly region: string; readonly visitor: number; readonly purchases: number };

/** Of each purchase the form that places the order, and the page to which it leads. */
type Bought = { readonly placedMs: readonly number[]; readonly shownMs: readonly number[] };

async function buyInARow(origin: string, { region, visitor, purchases }: Row): Promise<Bought> {
  const [placedMs, shownMs]: [number[], number[]] = [[], []];
  const tally = new Samples();
  const site: Site = {
    origin,
    clock: nodeClock,
    tally,
    flights: new Flights(),
    startedMs: nodeClock.monotonicMs(),
    ending: new AbortController().signal,
  };
  const browser = new Browser(visitor, site);
  try {
    for (let bought = 0; bought < warmPurchases + purchases; bought += 1) {
      await buy(browser, () => undefined);
      const [placed, shown] = tally.take("confirmation").map((one) => msIn(one, region));
      if (placed === undefined || shown === undefined)
        throw new Error(`A purchase at ${origin} was not confirmed`);
      if (bought < warmPurchases) continue;
      placedMs.push(placed);
      shownMs.push(shown);
    }
  } finally {
    await browser.close();
  }
  return { placedMs, shownMs };
}

/** @throws Error when another Region has answered: then it is not what was to be measured */
function msIn({ ms, region }: Sample, wanted: string): number {
  if (ms !== undefined && region === wanted) return ms;
  throw new Error(`${region ?? "Nobody"} answered at the entry of ${wanted}`);
}

/** Each request by itself: a redirect and the page to which it leads are two. */
class Samples extends Tally {
  #kept: Sample[] = [];

  override request(sample: Sample): void {
    this.#kept.push(sample);
    super.request(sample);
  }

  /** Those of this step since the last look, in their order. */
  take(step: string): readonly Sample[] {
    const taken = this.#kept.filter((one) => one.step === step);
    this.#kept = [];
    return taken;
  }
}

/** The median of answers that cost nothing but the way, in ms. */
async function glanceMs(origin: string): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const tookMs: number[] = [];
  try {
    for (let glance = 0; glance <= glances; glance += 1) {
      const beganMs = performance.now();
      const { status } = await visit(`${origin}/healthcheck`, { agent });
      if (status !== 200) throw new Error(`${origin}/healthcheck answered ${status}`);
      // The first has opened the connection.
      if (glance > 0) tookMs.push(performance.now() - beganMs);
    }
  } finally {
    agent.destroy();
  }
  return median(tookMs);
}

async function configuredRttMs(world: BenchWorld): Promise<number> {
  const api = world.api();
  try {
    const { links } = await api.status(AbortSignal.timeout(statusMsMax));
    const [link] = links;
    if (link === undefined) throw new Error("The world has no link");
    return link.rttMs;
  } finally {
    api.close();
  }
}
