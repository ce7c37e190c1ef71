/**
 * Where the state of a checkout is: in Redis, or, while that does not answer, in PostgreSQL. It may be in both, when
 * Redis came back in between, or went while it was written to: the newer wins, and moves to Redis.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { FallbackStates } from "./fallback-states.ts";
import type { RecentStates } from "./recent-states.ts";
import type { RedisStates } from "./redis-states.ts";
import { newestOf, type State } from "./state.ts";

/** 250 ms: where Redis has answered, a PostgreSQL that does not is not waited for any longer. */
const fallbackMsMax = 250;

/** 1 s: so long after that it is not asked at all. */
const fallbackRestMs = 1_000;

export type Found = {
  readonly state: State | undefined;
  /** Redis was of no use this time. */
  readonly isFallback: boolean;
};

export type Kept = { readonly isKept: boolean; readonly isFallback: boolean };

export class States {
  readonly #redis: RedisStates;
  readonly #fallback: FallbackStates;
  readonly #recent: RecentStates;
  #restsUntilMs = 0;

  constructor(redis: RedisStates, fallback: FallbackStates, recent: RecentStates) {
    this.#redis = redis;
    this.#fallback = fallback;
    this.#recent = recent;
  }

  /** @throws Unavailable when neither place answers */
  async find(id: string): Promise<Found> {
    const recent = this.#recent.find(id);
    const nowMs = Date.now();
    if (!this.#redis.isUp) return await this.#findWithoutRedis(id);
    const inFallback = this.#glanceAtFallback(id);
    const inRedis = await this.#redis.find(id).catch(() => "down" as const);
    if (inRedis === "down") return await this.#findWithoutRedis(id);
    const fallback = await inFallback;
    const state = newestOf([inRedis, fallback, recent], nowMs);
    if (fallback && state) await this.#moveHome(id, state);
    return { state, isFallback: false };
  }

  /**
   * `baseVersion` is that of the state on which this one follows, 0 if there was none.
   * `isKept` false: somebody else was faster, and one has to look again.
   * @throws Unavailable when neither place answers
   */
  async keep(id: string, state: State, baseVersion: number): Promise<Kept> {
    const inRedis = this.#redis.isUp
      ? await this.#redis.keep(id, state, baseVersion).catch(() => "down" as const)
      : ("down" as const);
    const isFallback = inRedis === "down";
    const isKept = isFallback ? await this.#fallback.keep(id, state, baseVersion) : inRedis;
    if (isKept) this.#recent.keep(id, state);
    return { isKept, isFallback };
  }

  async #findWithoutRedis(id: string): Promise<Found> {
    const states = [await this.#fallback.find(id), this.#recent.find(id)];
    return { state: newestOf(states, Date.now()), isFallback: true };
  }

  /** Undefined also when it does not answer in time. */
  async #glanceAtFallback(id: string): Promise<State | undefined> {
    if (performance.now() < this.#restsUntilMs) return undefined;
    const end = new AbortController();
    const late = sleep(fallbackMsMax, "late" as const, end).catch(() => undefined);
    const found = await Promise.race([this.#fallback.find(id).catch(() => "late" as const), late]);
    end.abort();
    if (found !== "late") return found;
    this.#restsUntilMs = performance.now() + fallbackRestMs;
    return undefined;
  }

  /** What does not succeed now is done at the next look. */
  async #moveHome(id: string, state: State): Promise<void> {
    const isHome = await this.#redis.keep(id, state, state.version).catch(() => false);
    if (isHome) await this.#fallback.forget(id, state.version).catch(() => undefined);
  }
}
