/**
 * The load test that autoscaling is shown with everywhere: 50 clients ask as fast as they are answered, for 300 s, of a
 * service that has 2 replicas, may have 20, and is to use half of the 250 thousandths of a core that each asks for.
 */
import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import { SimDisk } from "../../sim/store.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import { LedgerStore } from "../store/ledger-store.ts";
import type { ReplicaFacts } from "../wire/traffic-protocol.ts";
import { sampleMs, Scaler, syncMs, type ScaledService } from "./scaler.ts";

const region = "us-east-1" as RegionId;
const webapp: ScaledService = {
  service: "webapp" as ServiceId,
  regions: [region],
  scaling: {
    min: 2,
    max: 20,
    cpuPercent: 50,
    cpuRequestMillis: 250,
    tolerance: 0.1,
    scaleDownStabilizationMs: 300_000,
  },
};

/** What 50 clients keep busy, however many share it: 312 % of the request of each of two replicas. */
const loadMillis = 1_560;
/** The load comes 3 s before the first look, so that the first mean has a fifth of it. */
const loadFromMs = syncMs - 3_000;
const loadUntilMs = loadFromMs + 300_000;
/** Of a replica that nobody asks: 2 % of its request. */
const idleMillis = 5;
/** A single process of one thread. */
const replicaMillisMax = 1_000;
const startUpMs = 8_000;

/** A service whose CPU follows the load, shared out among the replicas that are ready. */
class LoadedService {
  readonly #clock: SimClock;
  #startedMs: readonly number[] = [-60_000, -60_000];

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  follow(replicas: number): void {
    const kept = this.#startedMs.slice(0, replicas);
    const nowMs = this.#clock.monotonicMs();
    const added = Array.from({ length: replicas - kept.length }, () => nowMs);
    this.#startedMs = [...kept, ...added];
  }

  facts(): readonly ReplicaFacts[] {
    const nowMs = this.#clock.monotonicMs();
    const isReady = (startedMs: number): boolean => nowMs - startedMs >= startUpMs;
    const share = this.#load() / this.#startedMs.filter(isReady).length;
    return this.#startedMs.map((startedMs, index) => ({
      service: webapp.service,
      number: index + 1,
      state: isReady(startedMs) ? "ready" : "starting",
      because: "",
      pid: 100 + index,
      restarts: 0,
      ageMs: nowMs - startedMs,
      // A start costs a whole core, and says nothing about the load.
      cpuMillis: isReady(startedMs) ? Math.min(replicaMillisMax, idleMillis + share) : 1_000,
    }));
  }

  #load(): number {
    const nowMs = this.#clock.monotonicMs();
    return nowMs > loadFromMs && nowMs <= loadUntilMs ? loadMillis : 0;
  }
}

type Row = {
  readonly atS: number;
  readonly replicas: number;
  readonly target: number;
  readonly because: string;
};

async function runTrace(untilMs: number): Promise<readonly Row[]> {
  const clock = new SimClock();
  const log = new RecordingLog();
  const store = new LedgerStore({ clock, log }, new SimDisk());
  const service = new LoadedService(clock);
  const end = new AbortController();
  const scaler: Scaler = new Scaler(
    {
      clock,
      log,
      store,
      replicasIn: () => service.facts(),
      tell: async () => undefined,
      changed: () => service.follow(scaler.targets(region)[0]?.replicas ?? 0),
    },
    [webapp],
  );
  await scaler.load(end.signal);
  const running = scaler.run(end.signal);
  const rows: Row[] = [];
  for (let atMs = syncMs; atMs <= untilMs; atMs += syncMs) {
    const replicas = service.facts().length;
    await clock.runUntil(atMs + sampleMs / 2);
    const view = scaler.views()[0];
    rows.push({
      atS: atMs / 1_000,
      replicas,
      target: view?.replicas ?? Number.NaN,
      because: view?.because ?? "",
    });
  }
  end.abort();
  await running;
  store.close();
  expect(log.lines).toEqual([]);
  return rows;
}

/** A line for each look that found something else than the one before, as the guide shows it. */
function printed(rows: readonly Row[]): readonly string[] {
  const news = rows.filter((row, index) => {
    const before = rows[index - 1];
    return row.target !== row.replicas || row.because !== before?.because;
  });
  return news.map(({ atS, replicas, target, because }) => {
    const move = `${replicas} → ${target}`;
    return `${`${atS} s`.padStart(5)}  ${move.padEnd(7)}  ${because}`;
  });
}

test("S1 to S8: 50 clients for 300 s take a service from 2 replicas up and back to 2, each step as the formula says", async () => {
  const rows = await runTrace(660_000);
  // Worked out by hand, too: the first mean is (12 × 5 + 3 × 785) / 15 = 161 of 250, so 2 × 161 / 125 = 2.6 replicas.
  // Each of the next ones has 7 s of the replicas before and 8 s of those that have become ready.
  const of = "of 250 thousandths of a core, 50 % is wanted";
  expect(printed(rows)).toEqual([
    ` 15 s  2 → 3    2 replicas use 64 % ${of}`,
    ` 30 s  3 → 7    3 replicas use 242 % ${of}; at most 7 at this pace, and not 15`,
    ` 45 s  7 → 14   7 replicas use 115 % ${of}; at most 14 at this pace, and not 17`,
    ` 60 s  14 → 16  14 replicas use 57 % ${of}`,
    ` 75 s  16 → 16  16 replicas use 43 % ${of}; 17 were asked for within 300 s`,
    ` 90 s  16 → 16  16 replicas use 41 % ${of}; 17 were asked for within 300 s`,
    `315 s  16 → 16  16 replicas use 33 % ${of}; 17 were asked for within 300 s`,
    `330 s  16 → 16  16 replicas use 2 % ${of}; 17 were asked for within 300 s`,
    `345 s  16 → 16  16 replicas use 2 % ${of}; 16 were asked for within 300 s`,
    `360 s  16 → 14  16 replicas use 2 % ${of}; 14 were asked for within 300 s`,
    `375 s  14 → 14  14 replicas use 2 % ${of}; 14 were asked for within 300 s`,
    `600 s  14 → 11  14 replicas use 2 % ${of}; 11 were asked for within 300 s`,
    `615 s  11 → 2   11 replicas use 2 % ${of}; never fewer than 2`,
    `630 s  2 → 2    2 replicas use 2 % ${of}; never fewer than 2`,
  ]);
  const targets = rows.map(({ target }) => target);
  expect(Math.max(...targets)).toBeLessThanOrEqual(webapp.scaling.max);
  expect(Math.min(...targets)).toBe(webapp.scaling.min);
});
