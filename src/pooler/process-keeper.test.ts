import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import { Failure } from "../model/failure.ts";
import { ProcessKeeper, type KeeperDoors } from "./process-keeper.ts";
import type { ProcessId } from "./process-note.ts";

/** Processes with numbers from 101 on, each born at its number; agents look after them in turn. */
class Bench {
  readonly clock = new SimClock();
  readonly log = new RecordingLog();
  readonly alive = new Map<number, (how: string) => void>();
  readonly sent: string[] = [];
  readonly startedAtMs: number[] = [];
  noted: ProcessId | undefined;
  /** How many ms it takes to end when it is asked to. */
  gracefulMs = 50;
  failure: Failure | undefined;
  noteFailure: Failure | undefined;
  #lastPid = 100;

  agent(): ProcessKeeper {
    const { clock, log } = this;
    const doors: KeeperDoors = {
      clock,
      log,
      note: {
        read: () => this.noted,
        write: (process) => {
          if (this.noteFailure) throw this.noteFailure;
          this.noted = process;
        },
      },
      prepare: () => {
        if (this.failure) throw this.failure;
      },
      launch: () => {
        const pid = (this.#lastPid += 1);
        this.startedAtMs.push(clock.monotonicMs());
        return { pid, ended: new Promise((resolve) => void this.alive.set(pid, resolve)) };
      },
      birthOf: (pid) => (this.alive.has(pid) ? `${pid}` : undefined),
      isAlive: (pid) => this.alive.has(pid),
      send: (pid, name) => {
        this.sent.push(`${name} ${pid}`);
        if (name === "SIGKILL") this.end(pid, "killed by SIGKILL");
        else clock.after(this.gracefulMs, () => this.end(pid, "exit code 0"));
      },
    };
    return new ProcessKeeper(doors);
  }

  end(pid: number, how = "exit code 1"): void {
    const tell = this.alive.get(pid);
    this.alive.delete(pid);
    tell?.(how);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }
}

let bench = new Bench();
let over = new AbortController();
beforeEach(() => {
  bench = new Bench();
  over = new AbortController();
});
const never = new AbortController().signal;

test("one is started, and noted for the next agent", async () => {
  const keeper = bench.agent();
  void keeper.run(over.signal);
  await bench.pass(10);
  expect(keeper.pid).toBe(101);
  expect(bench.noted).toEqual({ pid: 101, born: "101" });
});

test("the next agent takes over the one that runs", async () => {
  const running = bench.agent().run(over.signal);
  await bench.pass(10);
  over.abort();
  await running;
  const next = bench.agent();
  void next.run(never);
  await bench.pass(10_000);
  expect(next.pid).toBe(101);
  expect(bench.startedAtMs).toHaveLength(1);
  bench.end(101);
  await bench.pass(1_000);
  expect(next.pid).toBe(102);
});

test("a stranger with the number of one that has ended is neither taken over nor signalled", async () => {
  bench.alive.set(77, () => undefined);
  bench.noted = { pid: 77, born: "12" };
  const keeper = bench.agent();
  keeper.kill();
  await keeper.end(1_000, never);
  expect(bench.sent).toEqual([]);
  void keeper.run(over.signal);
  await bench.pass(10);
  expect(keeper.pid).toBe(101);
});

test("one that ends again and again is started at growing distances, at most 5 s", async () => {
  void bench.agent().run(over.signal);
  for (let time = 0; time < 9; time += 1) {
    await bench.pass(6_000);
    bench.end(101 + time);
  }
  await bench.pass(6_000);
  const gaps = bench.startedAtMs.slice(1).map((ms, index) => ms - (index + 1) * 6_000);
  expect(gaps).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
});

test("files that cannot be written are tried again, and nothing is started before", async () => {
  bench.failure = new Failure("disk.full", "There is no room.");
  void bench.agent().run(over.signal);
  await bench.pass(3_000);
  expect(bench.startedAtMs).toEqual([]);
  bench.failure = undefined;
  await bench.pass(5_000);
  expect(bench.startedAtMs).toHaveLength(1);
});

test("one that cannot be noted is not left running for nobody", async () => {
  bench.noteFailure = new Failure("disk.full", "There is no room.");
  void bench.agent().run(over.signal);
  await bench.pass(50);
  expect(bench.alive.size).toBe(0);
});

test("it is asked to end, and killed when it takes too long", async () => {
  bench.gracefulMs = 5_000;
  const keeper = bench.agent();
  const running = keeper.run(over.signal);
  await bench.pass(10);
  over.abort();
  await running;
  const ended = keeper.end(2_000, never);
  await bench.pass(3_000);
  await ended;
  expect(bench.sent).toEqual(["SIGINT 101", "SIGKILL 101"]);
});

test("an agent that starts nothing ends what an earlier one has started", async () => {
  const running = bench.agent().run(over.signal);
  await bench.pass(10);
  over.abort();
  await running;
  const ended = bench.agent().end(2_000, never);
  await bench.pass(100);
  await ended;
  expect(bench.sent).toEqual(["SIGINT 101"]);
  expect(bench.alive.size).toBe(0);
});
