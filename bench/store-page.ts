/** A page of a category for 50 people at once, beside a bare server that answers the same bytes. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { visit } from "../test/e2e/visitors.ts";
import { root, type BenchWorld } from "./bench-world.ts";
import { cpuBetween, cpuByProgram } from "./cpu-by-program.ts";
import { figure, median, type Figure } from "./figure.ts";
import { processTree } from "./proc.ts";
import { entryOf } from "./store-world.ts";

/** What was asked for. */
const clients = 50;
const pagesPerSecondMin = 400;
const p99MsMax = 150;

/** What the profile `pages` asks for. */
const path = "/products/fashion";

/** 15 s: programs that were just started are still being compiled. The bare server is one small function. */
const warmSeconds = 15;
const floorWarmSeconds = 5;

/** 10 s: what is done each second or two is in it, and the clock of the processor counts in 10 ms. */
const quietMs = 10_000;

/** A part of the processor's time below 2 % explains nothing. */
const tellingShare = 0.02;

type Told = {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
};

type Measured = Told & {
  /** Of the processor, in ms for each page. */
  readonly cpuMs: ReadonlyMap<string, number>;
  /** Of those who ask. */
  readonly askingMs: number;
};

/** @param seconds of each round */
export async function measurePage(
  world: BenchWorld,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<readonly Figure[]> {
  const page = await visit(`${entryOf(world)}${path}`);
  await load(world, warmSeconds);
  const quiet = await quietPercent(world);
  const shop: Measured[] = [];
  const bare: Measured[] = [];
  // One after the other: what else the machine does meets both.
  await withFloor(`${entryOf(world)}${path}`, async ({ url, pid }) => {
    await load(world, floorWarmSeconds, "--url", url);
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await measured(pid, () => load(world, seconds, "--url", url)));
      shop.push(await measured(world.supervisorPid, () => load(world, seconds)));
    }
  });
  const bytes = Buffer.byteLength(page.body);
  return [
    ...figuresOf(shop, bare, bytes),
    figure("the world while nobody asks", "% of a core", [quiet]),
  ];
}

function figuresOf(
  shop: readonly Measured[],
  bare: readonly Measured[],
  bytes: number,
): readonly Figure[] {
  const floor = (of: (one: Measured) => number) => ({
    value: median(bare.map(of)),
    what: "a bare Node server",
  });
  const errors = shop.map((one) => one.errors);
  const rate = (one: Measured): number => one.requestsPerSecond;
  const [p50, p99] = [
    (one: Measured): number => one.latencyMs.p50,
    (one: Measured): number => one.latencyMs.p99,
  ];
  const total = ({ cpuMs }: Measured): number => sumOf(cpuMs);
  return [
    figure("category pages through the global entry", "pages/s", shop.map(rate), {
      limit: { kind: "at-least", value: pagesPerSecondMin },
      floor: floor(rate),
      note: `${clients} clients, ${bytes} bytes each, one replica of each service; who asks runs on the same cores`,
    }),
    figure("a category page, p99", "ms", shop.map(p99), {
      limit: { kind: "at-most", value: p99MsMax },
      floor: floor(p99),
    }),
    figure("a category page, median", "ms", shop.map(p50), { floor: floor(p50) }),
    figure("category pages that failed", "pages", errors, { limit: { kind: "at-most", value: 0 } }),
    figure("processor's time for a page, the whole world", "ms", shop.map(total), {
      floor: floor(total),
      note: sharesOf(shop),
    }),
    figure(
      "processor's time for a page, those who ask",
      "ms",
      shop.map(({ askingMs }) => askingMs),
      {
        floor: floor(({ askingMs }) => askingMs),
      },
    ),
  ];
}

/** What each program used for a page, the greatest first: the median of the rounds. */
function sharesOf(shop: readonly Measured[]): string {
  const programs = [...new Set(shop.flatMap(({ cpuMs }) => [...cpuMs.keys()]))];
  const parts = programs
    .map((program) => ({ program, ms: median(shop.map(({ cpuMs }) => cpuMs.get(program) ?? 0)) }))
    .toSorted((a, b) => b.ms - a.ms);
  const whole = parts.reduce((sum, { ms }) => sum + ms, 0);
  return parts
    .filter(({ ms }) => ms >= tellingShare * whole)
    .map(({ program, ms }) => `${program} ${ms.toFixed(2)}`)
    .join(", ");
}

/** What is in the time for a page, too, though no page needs it. */
async function quietPercent(world: BenchWorld): Promise<number> {
  const [before, startedMs] = [cpuByProgram(world.supervisorPid), performance.now()];
  await sleep(quietMs);
  const used = cpuBetween(before, cpuByProgram(world.supervisorPid));
  return (100 * sumOf(used)) / (performance.now() - startedMs);
}

const sumOf = (used: ReadonlyMap<string, number>): number =>
  [...used.values()].reduce((sum, ms) => sum + ms, 0);

/** Visitors of the profile `pages`, in a process of their own, as a person starts them. */
async function load(
  world: BenchWorld,
  seconds: number,
  ...where: readonly string[]
): Promise<Told> {
  const how = ["--profile", "pages", "--clients", `${clients}`, "--seconds", `${seconds}`];
  return JSON.parse(await world.ask("load", "retail-store", ...how, "--json", ...where)) as Told;
}

/** @param pid the root of the processes that serve */
async function measured(pid: number, work: () => Promise<Told>): Promise<Measured> {
  const [before, askingBefore] = [cpuByProgram(pid), ownCpuMs()];
  const told = await work();
  const used = cpuBetween(before, cpuByProgram(pid));
  const cpuMs = new Map([...used].map(([program, ms]) => [program, ms / told.requests]));
  return { ...told, cpuMs, askingMs: (ownCpuMs() - askingBefore) / told.requests };
}

/** With that of children that have ended: those who asked. */
const ownCpuMs = (): number => processTree(process.pid)[0]?.cpuMs ?? 0;

type Floor = { readonly url: string; readonly pid: number };

async function withFloor(page: string, work: (floor: Floor) => Promise<void>): Promise<void> {
  const program = join(root, "bench", "store-floor.ts");
  const child = spawn(process.execPath, ["--import", "tsx", program, page], {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: root,
  });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (line: Buffer) => resolve(line.toString().trim()));
      child.once("error", reject);
      child.once("close", (code) => reject(new Error(`The bare server ended with ${code}`)));
    });
    if (child.pid === undefined) throw new Error("The bare server has no process");
    await work({ url, pid: child.pid });
  } finally {
    child.stdin.end();
  }
}
