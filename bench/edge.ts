/**
 * `tsx bench/edge.ts`: what the edge costs beside nginx and HAProxy, in the same run and with the same backend, and
 * beside Node's own server and undici with nothing between them, which no edge of ours could beat. Every part is a
 * process of its own; what counts is the processor's time of the one in the middle, and what it adds to the delay at
 * half of the load that the edge can take.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Address } from "../src/model/address.ts";
import { canConnect } from "../test/edge/places.ts";
import { until } from "../test/e2e/until.ts";
import { drawAddress } from "../test/postgres/scratch.ts";
import type { LoadResult } from "./edge-load.ts";
import {
  findProgram,
  haproxy,
  nginxBackend,
  nginxPlain,
  nginxTuned,
  type Peer,
} from "./edge-peers.ts";
import { figure, median, type Figure } from "./figure.ts";
import { machineFacts, renderFacts } from "./machine.ts";
import { processTree } from "./proc.ts";
import { renderTable } from "./table.ts";

/** Of nginx as Debian has it. */
const leastShare = 0.25;
const addedP99MsMax = 3;
/** Long enough for the clock of the processor, which counts in 10 ms. */
const measureSeconds = 3;
/** A program that was just started is still being compiled: it serves so long before it is measured. */
const warmSeconds = 4;
const startMsMax = 20_000;

type Middle = { readonly name: string; readonly at: Address; readonly child: ChildProcess };

class EdgeBench {
  readonly directory = mkdtempSync(join(tmpdir(), "leeward-bench-edge-"));
  readonly #children: ChildProcess[] = [];
  readonly backend: Address = { host: drawAddress().host, port: 9_000 };

  async start(): Promise<readonly Middle[]> {
    const { directory, backend } = this;
    const to = backend;
    const [nginx, ha] = [findProgram("nginx", directory), findProgram("haproxy", directory)];
    if (nginx) this.#run(nginxBackend(nginx, directory, backend));
    else this.#part(["backend", backend.host]);
    await this.#serves(backend);
    if (!nginx)
      console.log("There is no nginx here, and no package of it: a bare Node is the backend.");
    if (!ha) console.log("There is no HAProxy here, and no package of it.");
    const place = (): Address => ({ host: drawAddress().host, port: 8_080 });
    const middles: Middle[] = [];
    const add = (name: string, at: Address, child: ChildProcess): void =>
      void middles.push({ name, at, child });
    const peer = (name: string, make: (at: Address) => Peer): void => {
      const at = place();
      add(name, at, this.#run(make(at)));
    };
    if (nginx) {
      peer("nginx", (at) => nginxPlain(nginx, directory, { at, to }));
      peer("nginx, tuned", (at) => nginxTuned(nginx, directory, { at, to }));
    }
    if (ha) peer("HAProxy", (at) => haproxy(ha, directory, { at, to }));
    for (const part of ["bare", "edge"]) {
      const at = place();
      add(part, at, this.#part([part, at.host, backend.host]));
    }
    for (const { at } of middles) await this.#serves(at);
    return middles;
  }

  load(at: Address, connections: number, seconds: number, rate = 0): Promise<LoadResult> {
    const words = [at.host, at.port, connections, seconds, rate].map(String);
    const child = this.#node("bench/edge-load.ts", words);
    return new Promise((resolve, reject) => {
      let text = "";
      child.stdout?.on("data", (piece: Buffer) => (text += piece.toString()));
      child.on("close", (code) => {
        if (code === 0) resolve(JSON.parse(text) as LoadResult);
        else reject(new Error(`the load on ${at.host} ended with ${code ?? "a signal"}`));
      });
    });
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  #part(words: readonly string[]): ChildProcess {
    return this.#node("bench/edge-part.ts", words);
  }

  #node(file: string, words: readonly string[]): ChildProcess {
    const command = [process.execPath, "--import", "tsx", file, ...words];
    return this.#run({ command, libraryPath: "" });
  }

  #run({ command, libraryPath }: Peer): ChildProcess {
    const [program = "", ...words] = command;
    const env = { ...process.env, LD_LIBRARY_PATH: libraryPath };
    const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"], env });
    this.#children.push(child);
    return child;
  }

  async #serves(at: Address): Promise<void> {
    await until(`${at.host} serves`, startMsMax, () => canConnect(at));
  }
}

type Cost = { readonly perCpuSecond: number; readonly perSecond: number };

async function measureCost(bench: EdgeBench, middle: Middle, connections: number): Promise<Cost> {
  const cpuMs = (): number =>
    processTree(middle.child.pid ?? 0).reduce((sum, process) => sum + process.cpuMs, 0);
  const before = cpuMs();
  const { requests, failed, seconds } = await bench.load(middle.at, connections, measureSeconds);
  if (failed > 0) throw new Error(`${middle.name}: ${failed} requests failed`);
  return {
    perCpuSecond: requests / ((cpuMs() - before) / 1_000),
    perSecond: requests / seconds,
  };
}

async function measureCosts(
  bench: EdgeBench,
  middles: readonly Middle[],
  { connections, rounds }: { readonly connections: number; readonly rounds: number },
): Promise<{ readonly figures: readonly Figure[]; readonly edgePerSecond: number }> {
  const costs = new Map(middles.map(({ name }) => [name, [] as Cost[]]));
  for (const middle of middles) await bench.load(middle.at, connections, warmSeconds);
  for (let round = 0; round < rounds; round += 1) {
    // In turns, so that a busy moment of the machine meets all of them.
    for (const middle of middles) {
      costs.get(middle.name)?.push(await measureCost(bench, middle, connections));
    }
  }
  const of = (name: string): readonly number[] =>
    (costs.get(name) ?? []).map(({ perCpuSecond }) => perCpuSecond);
  const share = (name: string, base: string): readonly number[] =>
    of(name).map((value, round) => value / (of(base)[round] ?? Number.NaN));
  const shares = ["nginx", "nginx, tuned", "HAProxy"]
    .filter((base) => costs.has(base))
    .map((base) =>
      figure(`edge / ${base}, ${connections} connections`, "", share("edge", base), {
        limit: base === "nginx" ? { kind: "at-least", value: leastShare } : undefined,
        floor: { value: median(share("bare", base)), what: "bare Node with undici" },
      }),
    );
  const plain = middles.map(({ name }) =>
    figure(`${name}, ${connections} connections`, "requests per CPU s", of(name)),
  );
  const perSecond = (costs.get("edge") ?? []).map((cost) => cost.perSecond);
  return { figures: [...plain, ...shares], edgePerSecond: median(perSecond) };
}

/**
 * What stands in the middle adds to the same load on the backend itself. On a machine where others work, too, it is the
 * figures of nginx and of bare Node beside it that say what the machine did.
 */
async function measureDelays(
  bench: EdgeBench,
  middles: readonly Middle[],
  { rate, rounds }: { readonly rate: number; readonly rounds: number },
): Promise<readonly Figure[]> {
  const connections = 32;
  const added = new Map(
    middles.map(({ name }) => [name, { p50: [] as number[], p99: [] as number[] }]),
  );
  for (let round = 0; round < rounds; round += 1) {
    const direct = await bench.load(bench.backend, connections, measureSeconds, rate);
    for (const { name, at } of middles) {
      const through = await bench.load(at, connections, measureSeconds, rate);
      added.get(name)?.p50.push(through.p50Ms - direct.p50Ms);
      added.get(name)?.p99.push(through.p99Ms - direct.p99Ms);
    }
  }
  const floor = { value: median(added.get("bare")?.p99 ?? []), what: "bare Node with undici" };
  return [...added].flatMap(([name, { p50, p99 }]) => [
    figure(`${name} adds at ${rate} requests/s, median`, "ms", p50),
    figure(
      `${name} adds at ${rate} requests/s, p99`,
      "ms",
      p99,
      name === "edge" ? { limit: { kind: "at-most", value: addedP99MsMax }, floor } : {},
    ),
  ]);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      /** Only the delays, at so many requests a second. */
      rate: { type: "string" },
    },
  });
  const rounds = values.quick ? 1 : 5;
  const bench = new EdgeBench();
  try {
    console.log(`${renderFacts(machineFacts(undefined, bench.directory))}\n`);
    const middles = await bench.start();
    if (values.rate !== undefined) {
      for (const { at } of middles) await bench.load(at, 32, warmSeconds);
      const rate = Number(values.rate);
      console.log(renderTable(await measureDelays(bench, middles, { rate, rounds })));
      return;
    }
    const few = await measureCosts(bench, middles, { connections: 32, rounds });
    const many = await measureCosts(bench, middles, { connections: 256, rounds });
    const rate = Math.floor(few.edgePerSecond / 2);
    const delays = await measureDelays(bench, middles, { rate, rounds });
    console.log(renderTable([...few.figures, ...many.figures, ...delays]));
  } finally {
    bench.close();
  }
}

await main();
