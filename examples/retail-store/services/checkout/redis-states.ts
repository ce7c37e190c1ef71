/**
 * States in the Region's Redis. One that does not answer costs nobody a wait but the first to notice: from then on it is
 * down, and asked by a probe in the background alone, until it answers that.
 */
import { Redis } from "ioredis";
import { setTimeout as sleep } from "node:timers/promises";
import type { PathHealth } from "../shared/service.ts";
import type { StatePlace } from "./state-place.ts";
import { expiresAtMs, stateSchema, type State } from "./state.ts";

/** 250 ms: a Redis of the same Region answers in one. */
const commandMsMax = 250;

/** 2 s without a word on an open connection: it leads nowhere, and another one is made. */
const silenceMsMax = 2_000;

/** Between two attempts to connect, and between two probes: doubled from the first to the most. */
const pauseMs = { first: 50, most: 1_000 };

/** Compares and writes in one step, so that nobody comes between. */
const keepScript = `
local kept = redis.call('hget', KEYS[1], 'version')
if kept and tonumber(kept) > tonumber(ARGV[1]) then return 0 end
redis.call('hset', KEYS[1], 'version', ARGV[2], 'state', ARGV[3])
redis.call('pexpireat', KEYS[1], ARGV[4])
return 1
`;

export class RedisStates implements StatePlace {
  readonly #redis: Redis;
  readonly #end = new AbortController();
  #tell: (change: string) => void = () => undefined;
  #isUp = false;
  #probing: Promise<void> | undefined;

  /** `url` as in `REDIS_URL`. Connects in the background; it is down until it has answered. */
  constructor(url: string) {
    this.#redis = new Redis(url, {
      commandTimeout: commandMsMax,
      socketTimeout: silenceMsMax,
      connectTimeout: silenceMsMax,
      // What cannot be asked now is asked elsewhere, and not later.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(pauseMs.first * 2 ** (attempt - 1), pauseMs.most),
    });
    // Each failed attempt to connect. That it is down is told once, when a command fails.
    this.#redis.on("error", () => undefined);
    this.#probe();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Is told each change from up to down and back. */
  watch(tell: (change: string) => void): void {
    this.#tell = tell;
  }

  /** Settles when it has answered for the first time, or after `msMax`: a start waits no longer for it. */
  async ready(msMax: number): Promise<void> {
    const end = new AbortController();
    await Promise.race([this.#probing, sleep(msMax, undefined, end).catch(() => undefined)]);
    end.abort();
  }

  async find(id: string): Promise<State | undefined> {
    const kept = await this.#ask(() => this.#redis.hget(keyOf(id), "state"));
    // Of an older release, perhaps: what cannot be read is as good as lost, and no reason to fail.
    return kept === null ? undefined : stateSchema.safeParse(parseJson(kept)).data;
  }

  async keep(id: string, state: State, baseVersion: number): Promise<boolean> {
    const values = [baseVersion, state.version, JSON.stringify(state), expiresAtMs(state)];
    return (await this.#ask(() => this.#redis.eval(keepScript, 1, keyOf(id), ...values))) === 1;
  }

  /** Asks it now, also when it is down. */
  async health(): Promise<PathHealth> {
    const startedMs = performance.now();
    const ok = await this.#redis.ping().then(
      () => true,
      () => false,
    );
    return { ok, ms: performance.now() - startedMs };
  }

  async close(): Promise<void> {
    this.#end.abort();
    this.#redis.disconnect();
    await this.#probing;
  }

  /** @throws Error when it does not answer, or is down */
  async #ask<T>(command: () => Promise<T>): Promise<T> {
    if (!this.#isUp) throw new Error("Redis is down");
    try {
      return await command();
    } catch (error) {
      if (this.#isUp) {
        this.#isUp = false;
        this.#tell(`Redis does not answer (${reasonOf(error)}); checkouts are kept in PostgreSQL`);
        this.#probe();
      }
      throw error;
    }
  }

  #probe(): void {
    this.#probing = this.#probeUntilUp(this.#end.signal).catch(() => undefined);
  }

  async #probeUntilUp(signal: AbortSignal): Promise<void> {
    const startedMs = performance.now();
    for (let pause = pauseMs.first; ; pause = Math.min(2 * pause, pauseMs.most)) {
      await sleep(pause, undefined, { signal });
      if (!(await this.health()).ok) continue;
      this.#isUp = true;
      const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
      this.#tell(`Redis answers, after ${seconds} s; checkouts are kept there`);
      return;
    }
  }
}

/** Of a broken connection the client says only that it was told not to try again. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.name === "MaxRetriesPerRequestError" ? "the connection broke" : error.message;
}

function keyOf(id: string): string {
  return `checkout:${id}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
