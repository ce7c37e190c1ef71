import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import type { Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { becauseCharsMax } from "../wire/traffic-protocol.ts";
import type { ConfigTexts } from "./config-files.ts";
import type { Console } from "./console.ts";
import { PoolerController } from "./controller.ts";
import type { ActiveServer } from "./evict.ts";
import { iniText } from "./ini.ts";
import type { RunningLine } from "./line.ts";
import type { Hooks } from "./news.ts";
import { EventNews } from "./news.ts";
import { readDatabases } from "./read-ini.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const orders = "orders" as DatabaseId;
const own = { host: "127.0.1.1", port: 6432 };
const far = { host: "127.0.1.102", port: 6432 };
const pauseMs = 5_000;
/** What the steps after a pause may take, each of which is answered in 1 ms here. */
const stepsMs = 100;

/** A PgBouncer that does what it is told, unless it is told not to; and its files. */
class Twin implements Console {
  readonly clock = new SimClock();
  readonly asked: string[] = [];
  texts: ConfigTexts | undefined;
  running: readonly RunningLine[] = [];
  servers: readonly ActiveServer[] = [];
  /** Names with a transaction that does not end. */
  busy = new Set<string>();
  answers = true;
  /** Until a question is answered or fails. */
  answerMs = 1;
  reloads = true;
  diskIsFull = false;
  pausedMs = 0;
  #pausedAtMs = 0;

  say = (texts: ConfigTexts): boolean => this.texts?.ini === texts.ini;
  readIni = (): string | undefined => this.texts?.ini;
  write = (texts: ConfigTexts): void => {
    if (this.diskIsFull) throw new Failure("disk.full", "There is no room for pgbouncer.ini");
    this.texts = texts;
  };

  start(): void {
    this.running = readDatabases(this.texts?.ini ?? "").map((line) => ({
      ...line,
      isPaused: false,
    }));
    this.answers = true;
  }

  async databases(): Promise<readonly RunningLine[]> {
    await this.#answer("SHOW");
    return this.running;
  }

  async activeServers(
    matters: (server: ActiveServer) => boolean,
  ): Promise<readonly ActiveServer[]> {
    await this.#answer("SERVERS");
    return this.servers.some(matters) ? this.servers : [];
  }

  async pause(name: string, signal: AbortSignal): Promise<void> {
    await this.#answer(`PAUSE ${name}`);
    this.#pausedAtMs = this.clock.monotonicMs();
    this.#set(name, true);
    if (this.busy.has(name)) await this.clock.sleep(3_600_000, signal);
  }

  async resume(name: string): Promise<void> {
    await this.#answer(`RESUME ${name}`);
    this.pausedMs = Math.max(this.pausedMs, this.clock.monotonicMs() - this.#pausedAtMs);
    this.#set(name, false);
  }

  async reconnect(name: string): Promise<void> {
    await this.#answer(`RECONNECT ${name}`);
  }

  async kill(name: string): Promise<void> {
    await this.#answer(`KILL ${name}`);
    this.#set(name, true);
    this.servers = [];
  }

  async reload(): Promise<void> {
    await this.#answer("RELOAD");
    if (!this.reloads) return;
    const paused = this.running.filter(({ isPaused }) => isPaused);
    this.running = readDatabases(this.texts?.ini ?? "").map((line) => ({
      ...line,
      isPaused: paused.some(({ name }) => name === line.name),
    }));
  }

  async limitRequests(seconds: number): Promise<void> {
    await this.#answer(`LIMIT ${seconds}`);
  }

  close(): void {
    this.asked.push("CLOSE");
  }

  get isPaused(): boolean {
    return this.running.some(({ isPaused }) => isPaused);
  }

  async #answer(text: string): Promise<void> {
    await this.clock.pass(this.answerMs);
    if (!this.answers) throw new Failure("pooler.console-failed", `${text} is not answered`);
    if (!text.startsWith("S")) this.asked.push(text);
  }

  #set(name: string, isPaused: boolean): void {
    this.running = this.running.map((one) => (one.name === name ? { ...one, isPaused } : one));
  }
}

class Bench {
  readonly twin = new Twin();
  readonly log = new RecordingLog();
  readonly events: string[] = [];
  readonly over = new AbortController();
  readonly silent = new Set<string>();
  hangs = 0;
  probeMs = 500;
  howItEnded: string | undefined;
  readonly controller = this.#controller();
  running: Promise<void> = Promise.resolve();

  #controller(): PoolerController {
    const { twin } = this;
    const hooks: Hooks = {
      changed: () => undefined,
      tell: ({ kind, details }) =>
        void this.events.push(`${kind} ${String(details["pause"] ?? "")}`),
    };
    const names = [
      { name: "gdbdemo", database: orders, mode: "writer" as const },
      { name: "gdbdemo-ro", database: orders, mode: "local" as const },
    ];
    const place = {
      region: east,
      names,
      gateways: [
        { region: east, address: own },
        { region: west, address: far },
      ],
    };
    const ini = { address: own, clientsMax: 10, poolSize: 2, usersPath: "/users.txt" };
    return new PoolerController(
      {
        clock: twin.clock,
        log: this.log,
        console: twin,
        files: twin,
        probe: async ({ host }: Address) => {
          if (this.probeMs > 0) await twin.clock.pass(this.probeMs);
          return !this.silent.has(host);
        },
        isProcessAlive: () => true,
        howItEnded: () => this.howItEnded,
        hangs: () => {
          this.hangs += 1;
        },
        news: new EventNews(hooks, east, names),
      },
      { place, pauseMs, textsOf: (lines) => ({ ini: iniText(ini, lines), users: "" }) },
    );
  }

  async inStep(): Promise<void> {
    this.follow(east);
    this.controller.prepare();
    this.twin.start();
    this.running = this.controller.run(this.over.signal);
    await this.pass(100);
    if (!this.controller.facts.isInStep) throw new Error(this.controller.facts.because);
    this.twin.asked.length = 0;
  }

  follow(writer: RegionId): void {
    this.controller.follow([{ database: orders, writer, isOpen: true }]);
  }

  get host(): string | undefined {
    return this.twin.running[0]?.host;
  }

  async pass(ms: number): Promise<void> {
    await this.twin.clock.runUntil(this.twin.clock.monotonicMs() + ms);
  }
}

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});

test("a move pauses, writes, reloads, and reconnects before it resumes", async () => {
  await bench.inStep();
  bench.follow(west);
  await bench.pass(stepsMs);
  expect(bench.twin.asked).toEqual([
    "PAUSE gdbdemo",
    "RELOAD",
    "RECONNECT gdbdemo",
    "RESUME gdbdemo",
  ]);
  expect(bench.host).toBe(far.host);
  expect(bench.events).toEqual(["pooler.moved quiet"]);
  expect(bench.controller.facts).toMatchObject({ moves: 1, isInStep: true });
});

test("a transaction that does not end is waited for until the deadline, not longer", async () => {
  await bench.inStep();
  bench.twin.busy.add("gdbdemo");
  bench.follow(west);
  await bench.pass(pauseMs - 100);
  expect(bench.twin.isPaused).toBe(true);
  await bench.pass(100 + stepsMs);
  expect(bench.host).toBe(far.host);
  expect(bench.twin.pausedMs).toBeLessThan(pauseMs + stepsMs);
  expect(bench.events).toEqual(["pooler.moved deadline"]);
});

test("nobody is waited for at a gateway that gives no answer", async () => {
  await bench.inStep();
  bench.twin.busy.add("gdbdemo");
  bench.silent.add(own.host);
  bench.follow(west);
  await bench.pass(500 + stepsMs);
  expect(bench.host).toBe(far.host);
  expect(bench.events).toEqual(["pooler.moved silent"]);
});

test("a gateway that refuses at once is left at once", async () => {
  await bench.inStep();
  bench.silent.add(own.host);
  bench.probeMs = 0;
  bench.follow(west);
  await bench.pass(stepsMs);
  expect(bench.host).toBe(far.host);
  expect(bench.twin.isPaused).toBe(false);
  expect(bench.events).toEqual(["pooler.moved silent"]);
});

test("a writer that comes and goes while a move waits makes it no longer", async () => {
  await bench.inStep();
  bench.twin.busy.add("gdbdemo");
  bench.follow(west);
  for (let time = 0; time < 100; time += 1) {
    await bench.pass(100);
    bench.follow(time % 2 === 0 ? east : west);
    expect(bench.twin.pausedMs).toBeLessThan(pauseMs + stepsMs);
  }
});

test("a disk that is full in a move leaves nothing paused, and the move is done when there is room", async () => {
  await bench.inStep();
  bench.twin.diskIsFull = true;
  bench.follow(west);
  await bench.pass(stepsMs);
  expect(bench.twin.isPaused).toBe(false);
  expect(bench.host).toBe(own.host);
  expect(bench.controller.facts.isInStep).toBe(false);
  expect(bench.controller.facts.because).toContain("There is no room");
  bench.twin.diskIsFull = false;
  await bench.pass(6_000);
  expect(bench.host).toBe(far.host);
});

test("a PgBouncer that does not take its file is not called in step, nor left paused", async () => {
  await bench.inStep();
  bench.twin.reloads = false;
  bench.follow(west);
  await bench.pass(stepsMs);
  expect(bench.twin.isPaused).toBe(false);
  expect(bench.controller.facts).toMatchObject({ isInStep: false });
  const warnings = bench.log.lines.filter(({ event }) => event === "pooler.step-failed");
  await bench.pass(20_000);
  expect(warnings).toHaveLength(1);
});

test("an end in a move leaves nothing paused, and no session on the console", async () => {
  await bench.inStep();
  bench.twin.busy.add("gdbdemo");
  bench.follow(west);
  await bench.pass(1_000);
  expect(bench.twin.isPaused).toBe(true);
  bench.over.abort();
  await bench.pass(stepsMs);
  await bench.running;
  expect(bench.twin.isPaused).toBe(false);
  expect(bench.twin.asked.at(-1)).toBe("CLOSE");
});

test("what nobody tells is found within seconds", async () => {
  await bench.inStep();
  const { texts } = bench.twin;
  bench.twin.texts = { ini: "", users: "" };
  await bench.pass(5_000 + stepsMs);
  expect(bench.twin.texts).toEqual(texts);
  expect(bench.events).toEqual(["pooler.mended "]);
});

test("one that cannot be started is said to be so", async () => {
  await bench.inStep();
  bench.twin.answers = false;
  bench.howItEnded = "exit code 1";
  await bench.pass(6_000);
  expect(bench.controller.facts).toMatchObject({ isRunning: false, isInStep: false });
  expect(bench.controller.facts.because).toContain("exit code 1");
});

test("a PgBouncer that lives and does not answer is taken for hanging after 15 s", async () => {
  await bench.inStep();
  bench.twin.answers = false;
  await bench.pass(15_000);
  expect(bench.hangs).toBe(0);
  await bench.pass(7_000);
  expect(bench.hangs).toBe(1);
});

test("a Region that was frozen in the middle of a question does not take its PgBouncer for hanging", async () => {
  await bench.inStep();
  bench.twin.answers = false;
  bench.twin.answerMs = 60_000;
  await bench.pass(5_100);
  bench.twin.answerMs = 1;
  await bench.pass(60_000);
  bench.twin.answers = true;
  await bench.pass(2_000);
  expect(bench.hangs).toBe(0);
  expect(bench.controller.facts.isInStep).toBe(true);
});

test("a reason that is longer than a fact may be is cut, and does not end the agent", async () => {
  await bench.inStep();
  bench.twin.answers = false;
  bench.howItEnded = "x".repeat(2_000);
  await bench.pass(6_000);
  expect(bench.controller.facts.because).toHaveLength(becauseCharsMax);
});

test("who waits for a gateway that is gone is let go by a limit that does not stay", async () => {
  await bench.inStep();
  bench.silent.add(far.host);
  const lost = { name: "gdbdemo", ...far, ageSeconds: 9 };
  bench.twin.servers = [lost, { ...lost, ...own, ageSeconds: 3 }];
  await bench.pass(7_000);
  const limits = bench.twin.asked.filter((text) => text.startsWith("LIMIT"));
  expect(limits.slice(0, 2)).toEqual(["LIMIT 8", "LIMIT 0"]);
  expect(bench.events).toContain("pooler.evicted ");
});

test("KILL is followed by RESUME", async () => {
  await bench.inStep();
  bench.silent.add(far.host);
  const lost = { name: "gdbdemo", ...far, ageSeconds: 31 };
  bench.twin.servers = [lost, { ...lost, ...own, ageSeconds: 60 }];
  await bench.pass(7_000);
  expect(bench.twin.asked).toEqual(["KILL gdbdemo", "RESUME gdbdemo"]);
  expect(bench.twin.isPaused).toBe(false);
});
