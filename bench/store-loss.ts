/** The Region of the primary is killed while people buy and others look around. */
import { shopProfiles } from "../examples/retail-store/load/retail-store.ts";
import { nodeClock } from "../src/env/node/clock.ts";
import type { LoadResult } from "../src/load/load.ts";
import { runLoad } from "../src/load/run.ts";
import { until } from "../test/e2e/until.ts";
import { Visitors, type Visited } from "../test/e2e/visitors.ts";
import { primary, secondary, type BenchWorld } from "./bench-world.ts";
import { figure, type Figure } from "./figure.ts";
import { entryOf } from "./store-world.ts";

const buyers = 50;
const readers = 4;
/** What was asked for: of purchases as long as a failover may take at worst, of pages that only read. */
const orderGapMsMax = 6_000;
const pageGapMsMax = 1_500;

/** Enough of them to be sure that people buy. */
const ordersBetween = 30;
const pagesBefore = 50;

/** 2 min: a Region with everything in it starts in a quarter of that. */
const startMsMax = 120_000;
/** 10 min: it is ended before. */
const durationMs = 600_000;

type Loss = {
  readonly orderGapMs: number;
  readonly bought: LoadResult;
  readonly read: Visited;
};

export async function measureLoss(world: BenchWorld, rounds: number): Promise<readonly Figure[]> {
  const losses: Loss[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await bringHome(world);
    losses.push(await loseOnce(world));
    await world.run("region", "start", primary);
  }
  const of = (what: (loss: Loss) => number): readonly number[] => losses.map(what);
  const asked = losses.reduce((sum, { bought }) => sum + bought.requests, 0);
  const read = losses.reduce((sum, one) => sum + one.read.good, 0);
  return [
    figure(
      "the primary's Region killed, longest time without an order",
      "ms",
      of((one) => one.orderGapMs),
      {
        limit: { kind: "at-most", value: orderGapMsMax },
        note: `${buyers} people buy at the global entry, ${readers} look around`,
      },
    ),
    figure(
      "the primary's Region killed, longest time without a good page",
      "ms",
      of((one) => one.read.gapMs),
      {
        limit: { kind: "at-most", value: pageGapMsMax },
      },
    ),
    figure(
      "requests of buyers that failed",
      "requests",
      of(({ bought }) => bought.errors),
      {
        note: `of ${asked} in ${rounds} losses${kindsOf(losses)}`,
      },
    ),
    figure(
      "pages of readers that failed",
      "pages",
      of((one) => one.read.bad.length),
      {
        note: `of ${read + losses.reduce((sum, one) => sum + one.read.bad.length, 0)}`,
      },
    ),
  ];
}

/** As `: 12 5xx, 3 reset, 4 visits given up`: a checkout whose state was lost with the Region is begun anew. */
function kindsOf(losses: readonly Loss[]): string {
  const counts = new Map<string, number>();
  for (const { kind, count } of losses.flatMap(({ bought }) => bought.errorsByKind)) {
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  const words = [...counts].map(([kind, count]) =>
    kind === "journey" ? `${count} visits given up` : `${count} ${kind}`,
  );
  return words.length === 0 ? "" : `: ${words.join(", ")}`;
}

/** The first few of each kind. */
const told = ({ errorsByKind }: LoadResult): readonly string[] =>
  errorsByKind.flatMap(({ kind, messages }) => messages.map((words) => `${kind}: ${words}`));

async function loseOnce(world: BenchWorld): Promise<Loss> {
  const origin = entryOf(world);
  const orders = new Moments();
  const over = new AbortController();
  const { buy: journey } = shopProfiles(() => orders.note());
  const buying = runLoad(
    { origin, journey, clients: buyers, durationMs },
    { clock: nodeClock, watch: () => undefined },
    over.signal,
  );
  let looking: Visitors | undefined;
  try {
    await orders.untilMore(ordersBetween);
    // They come when the others have settled, so that their gaps are not those of a crowd that arrives.
    const seen = (looking = new Visitors(`${origin}/products/fashion`, readers));
    await until("people look around", startMsMax, () => seen.good >= pagesBefore);
    const killedMs = nodeClock.monotonicMs();
    await world.run("region", "kill", primary);
    await orders.untilMore(ordersBetween);
    const orderGapMs = orders.longestGapMs(killedMs);
    over.abort();
    const [bought, read] = await Promise.all([buying, looking.end()]);
    for (const words of [...told(bought), ...read.bad.slice(0, 5)]) console.error(words);
    return { orderGapMs, bought, read };
  } finally {
    over.abort();
    await looking?.end();
  }
}

/** Every database is written in the Region that is to be lost, and the other may take over. */
async function bringHome(world: BenchWorld): Promise<void> {
  for (const database of ["orders", "catalog"]) {
    if ((await untilFit(world, database)) === primary) continue;
    await world.run("switchover", database, "--to", primary);
    await untilFit(world, database);
  }
}

/** Until nothing is under way and the Region that is not the primary may become it; answers the primary. */
async function untilFit(world: BenchWorld, database: string): Promise<string> {
  const api = world.api();
  try {
    return await until(`${database} may move`, startMsMax, async () => {
      const { isReady, databases } = await api.status(AbortSignal.timeout(startMsMax));
      const { operation, primary: leads, candidates = [] } = databases[database] ?? {};
      const other = leads === primary ? secondary : primary;
      const isFit = isReady && operation === null && candidates.includes(other);
      return isFit && (leads ?? undefined);
    });
  } finally {
    api.close();
  }
}

/** When something happened, in ms, the oldest first. */
class Moments {
  readonly #atMs: number[] = [];

  note(): void {
    this.#atMs.push(nodeClock.monotonicMs());
  }

  async untilMore(count: number): Promise<void> {
    const wanted = this.#atMs.length + count;
    await until(`${count} more`, startMsMax, () => this.#atMs.length >= wanted);
  }

  /** Of those that ended after `sinceMs`. */
  longestGapMs(sinceMs: number): number {
    const gaps = this.#atMs.map((atMs, index) => ({
      atMs,
      gapMs: atMs - (this.#atMs[index - 1] ?? atMs),
    }));
    return Math.max(0, ...gaps.filter(({ atMs }) => atMs > sinceMs).map(({ gapMs }) => gapMs));
  }
}
