import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import type { Detached } from "../env/node/detached.ts";
import type { Caller } from "./companion-keeper.ts";
import { CompanionKeeper } from "./companion-keeper.ts";

/** Gateways that call each second from their second half second on, and agents that look after them in turn. */
class Bench {
  readonly clock = new SimClock();
  readonly alive = new Map<number, (how: string) => void>();
  readonly killed: number[] = [];
  caller: Caller | undefined;
  /** Where a gateway runs already, another one finds its address taken. */
  addressIsTaken = false;
  #lastPid = 100;
  #heardAtMs = 0;
  #callerPid: number | undefined;

  agent(): CompanionKeeper {
    this.#callerPid = undefined;
    const keeper = new CompanionKeeper({
      name: "gateway",
      clock: this.clock,
      log: new RecordingLog(),
      start: () => this.start(keeper),
      caller: () =>
        this.#callerPid === undefined
          ? undefined
          : { pid: this.#callerPid, agoMs: this.clock.monotonicMs() - this.#heardAtMs },
      isAlive: (pid) => this.alive.has(pid),
      kill: (pid) => {
        this.killed.push(pid);
        this.end(pid, "killed by SIGKILL");
      },
      changed: () => undefined,
    });
    return keeper;
  }

  start(keeper: CompanionKeeper): Detached {
    const pid = (this.#lastPid += 1);
    const ended = new Promise<string>((resolve) => this.alive.set(pid, resolve));
    if (this.addressIsTaken) this.clock.after(100, () => this.end(pid, "exit code 75"));
    else this.callFrom(pid, keeper, 500);
    return { pid, ended, kill: () => this.end(pid, "killed by SIGKILL") };
  }

  /** One that lives calls this agent after `ms`, and each second from then on. */
  callFrom(pid: number, keeper: CompanionKeeper, ms: number): void {
    this.clock.after(ms, () => {
      if (!this.alive.has(pid)) return;
      this.#callerPid = pid;
      this.#heardAtMs = this.clock.monotonicMs();
      keeper.called();
      this.callFrom(pid, keeper, 1_000);
    });
  }

  end(pid: number, how: string): void {
    const tell = this.alive.get(pid);
    this.alive.delete(pid);
    tell?.(how);
  }

  get pids(): readonly number[] {
    return [...this.alive.keys()];
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }
}

let bench = new Bench();
let end = new AbortController();
beforeEach(() => {
  bench = new Bench();
  end = new AbortController();
});

function begin(): { readonly keeper: CompanionKeeper; readonly running: Promise<void> } {
  const keeper = bench.agent();
  return { keeper, running: keeper.run(end.signal) };
}

test("where nobody calls within 400 ms, a gateway is started, and serves as soon as it calls", async () => {
  const { keeper } = begin();
  await bench.pass(390);
  expect([bench.pids, keeper.state, keeper.isAbsent]).toEqual([[], "starting", false]);
  await bench.pass(20);
  expect([bench.pids, keeper.state, keeper.isAbsent]).toEqual([[101], "starting", true]);
  await bench.pass(600);
  expect([bench.pids, keeper.state, keeper.isAbsent]).toEqual([[101], "serving", false]);
});

test("the gateway of an agent that died is found again, and no second one is started", async () => {
  begin();
  await bench.pass(2_000);
  end.abort();
  end = new AbortController();
  const { keeper } = begin();
  bench.callFrom(101, keeper, 200);
  await bench.pass(10_000);
  expect([bench.pids, keeper.pid, keeper.state]).toEqual([[101], 101, "serving"]);
});

test("a gateway that ends is started again, also one that was found", async () => {
  const { keeper } = begin();
  await bench.pass(2_000);
  bench.end(101, "exit code 70");
  await bench.pass(50);
  expect([keeper.state, keeper.isAbsent]).toEqual(["down", true]);
  await bench.pass(1_000);
  expect([bench.pids, keeper.state]).toEqual([[102], "serving"]);
  end.abort();
  end = new AbortController();
  const next = begin();
  bench.callFrom(102, next.keeper, 200);
  await bench.pass(1_000);
  bench.end(102, "exit code 70");
  await bench.pass(1_500);
  expect([bench.pids, next.keeper.state]).toEqual([[103], "serving"]);
});

test("one that ends again and again is started at most each 5 s", async () => {
  begin();
  for (let round = 0; round < 200; round += 1) {
    await bench.pass(500);
    for (const pid of bench.pids) bench.end(pid, "exit code 70");
  }
  expect(bench.clock.monotonicMs()).toBe(100_000);
  const { pid = 0 } = bench.start(bench.agent());
  expect(pid - 101).toBeLessThan(30);
});

test("one that finds its address taken is no reason for a third: the call of the other is waited for", async () => {
  bench.alive.set(77, () => undefined);
  bench.addressIsTaken = true;
  const { keeper } = begin();
  await bench.pass(600);
  bench.callFrom(77, keeper, 3_000);
  await bench.pass(20_000);
  expect([bench.pids, keeper.pid, keeper.state]).toEqual([[77], 77, "serving"]);
});

test("a gateway that does not call for 15 s hangs: it is killed, and another one is started", async () => {
  const { keeper } = begin();
  await bench.pass(2_000);
  const silent = new Bench();
  // It lives, and calls somebody else.
  bench.callFrom = silent.callFrom.bind(silent);
  await bench.pass(14_000);
  expect([bench.killed, keeper.state]).toEqual([[], "down"]);
  await bench.pass(8_000);
  expect([bench.killed, bench.pids]).toEqual([[101], [102]]);
});

test("the end of a gateway is waited for, and comes by force when it does not come in time", async () => {
  const { keeper, running } = begin();
  await bench.pass(2_000);
  end.abort();
  await running;
  const early = keeper.end(3_000);
  await bench.pass(500);
  bench.end(101, "exit code 0");
  await bench.pass(100);
  await early;
  expect(bench.killed).toEqual([]);

  end = new AbortController();
  const next = begin();
  await bench.pass(2_000);
  end.abort();
  await next.running;
  const late = next.keeper.end(3_000);
  await bench.pass(3_100);
  await late;
  expect([bench.killed, bench.pids]).toEqual([[102], []]);
});

test("an agent that ends leaves the gateway running", async () => {
  const { running } = begin();
  await bench.pass(2_000);
  end.abort();
  await running;
  expect([bench.killed, bench.pids]).toEqual([[], [101]]);
});
