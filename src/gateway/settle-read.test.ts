/** Sessions that write and read back, against an instance that lags in many ways; all time is simulated. */
import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { SystemId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { ConsistencyLevel } from "./consistency.ts";
import type { ReadView } from "./decide-read.ts";
import { ReplayWatch } from "./replay-watch.ts";
import { type ReadDoors, settleRead } from "./settle-read.ts";
import { laterToken, type Token } from "./token.ts";
import { WriterPosition } from "./writer-position.ts";

const never = new AbortController().signal;
const isConnected = (): boolean => true;
const RTT_MS = 60;
const systemId = "1" as SystemId;

/** Numbers in [0, 1) that are the same in every run with one seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The writer's WAL ends at 1024 times its time; the instance has what was written `lagMs` ago, and never goes back. */
class Regions {
  readonly clock = new SimClock();
  readonly watch: ReplayWatch;
  readonly position: WriterPosition;
  readonly #lagMs: (nowMs: number) => number;
  #replayed = 0;

  constructor(lagMs: (nowMs: number) => number) {
    const { clock } = this;
    this.#lagMs = lagMs;
    const ask = (): Promise<Token> => this.atWriter();
    this.watch = new ReplayWatch({ clock, position: () => this.#look() }, never);
    this.position = new WriterPosition({ clock, ask, isConnected }, 500, never);
  }

  get written(): number {
    return Math.floor(this.clock.monotonicMs() * 1024);
  }

  get replayed(): number {
    const nowMs = this.clock.monotonicMs();
    const lsn = Math.floor((nowMs - this.#lagMs(nowMs)) * 1024);
    this.#replayed = Math.max(this.#replayed, lsn);
    return this.#replayed;
  }

  async #look(): Promise<Token> {
    await this.clock.pass(0.1);
    const lsn = this.replayed;
    await this.clock.pass(0.1);
    return { systemId, timeline: 1, lsn };
  }

  /** A round trip; the token is of its middle. */
  async atWriter(): Promise<Token> {
    await this.clock.pass(RTT_MS / 2);
    const token = { systemId, timeline: 1, lsn: this.written };
    await this.clock.pass(RTT_MS / 2);
    return token;
  }
}

class Session {
  readonly #regions: Regions;
  readonly #level: ConsistencyLevel;
  #token: Token | undefined;
  local = 0;
  stale = 0;
  readonly tookMs: number[] = [];

  constructor(regions: Regions, level: ConsistencyLevel) {
    this.#regions = regions;
    this.#level = level;
  }

  #view(): Omit<ReadView, "asked"> {
    const { watch } = this.#regions;
    return {
      level: this.#level,
      token: this.#token,
      known: { systemId, forks: [], timeline: 1 },
      replay: watch,
      writer: "reachable",
      writerRttMs: RTT_MS,
      limits: { consistencyTimeoutMs: 500, globalReads: "local" },
    };
  }

  async write(): Promise<void> {
    this.#raise(await this.#regions.atWriter());
  }

  /** What it reads must be at least its token, or, with `global`, what was written when it came. */
  async read(): Promise<void> {
    const { clock, watch, position } = this.#regions;
    const cameMs = clock.monotonicMs();
    const wanted = this.#level === "global" ? this.#regions.written : (this.#token?.lsn ?? 0);
    const doors: ReadDoors = {
      view: () => this.#view(),
      waitFor: (point, withinMs, signal) => watch.waitFor(point, withinMs, signal),
      learnt: (point) => watch.learnt(point),
      follow: (point) => watch.follow(point),
      writerPosition: (signal) => position.read(signal),
    };
    const { kind } = await settleRead(doors, never);
    if (kind === "local") {
      this.local += 1;
      if (this.#regions.replayed < wanted) this.stale += 1;
    } else {
      assert(kind === "writer", `a read is answered somewhere: ${kind}`);
      this.#raise(await this.#regions.atWriter());
    }
    this.tookMs.push(clock.monotonicMs() - cameMs);
  }

  #raise(token: Token): void {
    this.#token = laterToken(this.#token, token);
    this.#regions.watch.learnt(token);
  }
}

type Summary = { worstMs: number; localShare: number; stale: number };

/** `pairs` of write and read, by 8 sessions that think for up to 20 ms before each. */
async function live(
  lagMs: (nowMs: number) => number,
  level: ConsistencyLevel,
  pairs: number,
): Promise<Summary> {
  const regions = new Regions(lagMs);
  const random = chance(7);
  const sessions = Array.from({ length: 8 }, () => new Session(regions, level));
  const lives = sessions.map(async (session) => {
    for (let pair = 0; pair < pairs / sessions.length; pair += 1) {
      await regions.clock.pass(random() * 20);
      await session.write();
      await regions.clock.pass(random() * 2);
      await session.read();
    }
  });
  await regions.clock.drive(() => Promise.all(lives));
  const tookMs = sessions.flatMap((session) => session.tookMs);
  return {
    worstMs: Math.max(...tookMs),
    localShare: sessions.reduce((sum, { local }) => sum + local, 0) / tookMs.length,
    stale: sessions.reduce((sum, { stale }) => sum + stale, 0),
  };
}

const steady = (ms: number) => (): number => ms;

/** Another lag every 100 ms, up to `maxMs`. */
const changing =
  (maxMs: number) =>
  (nowMs: number): number =>
    chance(Math.floor(nowMs / 100))() * maxMs;

/** Near, but every 3 s it stands still for one. */
const stalling = (nowMs: number): number => 31 + Math.max(0, (nowMs % 3000) - 2000);

/** A backlog that grows for 5 s and shrinks for 5 s. */
const sawtooth = (nowMs: number): number => 31 + Math.abs(((nowMs / 5) % 2000) - 1000);

test.for([
  ["a link's length", steady(31)],
  ["5 ms more than the link", steady(35)],
  ["100 ms", steady(100)],
  ["an hour", steady(3_600_000)],
  ["anything up to 90 ms", changing(90)],
  ["anything up to 300 ms", changing(300)],
  ["a second now and then", stalling],
  ["what grows and shrinks", sawtooth],
] as const)(
  "no session read takes more than 1.2 round trips, and none is stale, when replay lags by %s",
  async ([name, lagMs]) => {
    const { worstMs, localShare, stale } = await live(lagMs, "session", 4000);
    console.log(`lag ${name}: worst ${worstMs.toFixed(1)} ms, local ${localShare.toFixed(2)}`);
    expect(stale).toBe(0);
    expect(worstMs).toBeLessThanOrEqual(1.2 * RTT_MS);
  },
);

test("reads are local while replay is about as fast as the answer, and soon again after it was not", async () => {
  expect((await live(steady(31), "session", 2000)).localShare).toBeGreaterThan(0.99);
  expect((await live(steady(35), "session", 2000)).localShare).toBeGreaterThan(0.9);
  expect((await live(steady(100), "session", 2000)).localShare).toBeLessThan(0.05);
  expect((await live(changing(60), "session", 2000)).localShare).toBeGreaterThan(0.5);
  // Replay is with the writer's answer in two thirds of the time.
  expect((await live(stalling, "session", 2000)).localShare).toBeGreaterThan(0.6);
});

test("case 40: a global read sees what was written before it came, in at most 2.2 round trips and the wait for the batch before", async () => {
  for (const lagMs of [steady(31), steady(100), changing(90), stalling]) {
    const { worstMs, stale } = await live(lagMs, "global", 1000);
    expect(stale).toBe(0);
    expect(worstMs).toBeLessThanOrEqual(3.2 * RTT_MS);
  }
});
