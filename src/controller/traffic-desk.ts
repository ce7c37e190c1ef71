/**
 * Where agents, and the front door outside, ask about traffic: they are answered as soon as something is different for
 * them, and what they tell is kept while it is fresh.
 */
import type { Clock, Json } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import type { RegionId } from "../model/region.ts";
import type { ReplicaTarget, TrafficState } from "../model/traffic.ts";
import { Pulse } from "../std/pulse.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  frontAnswer,
  frontQuestion,
  trafficAnswer,
  trafficHoldMs,
  trafficQuestion,
  type FrontFacts,
  type RegionFacts,
} from "../wire/traffic-protocol.ts";

/** Made once: to make a schema costs as much as hundreds of answers. */
const agentNews = trafficAnswer.omit({ version: true });
const frontNews = frontAnswer.omit({ version: true });

/** 2.5 s: a Region's agent asks each half second, and a link may take the rest. */
export const silentMs = 2_500;

export type TrafficDeskDoors = {
  readonly clock: Clock;
  readonly state: () => TrafficState;
  readonly targets: (region: RegionId) => readonly ReplicaTarget[];
  /** What a Region told is other than before in what others wait for. */
  readonly told: (region: RegionId, facts: RegionFacts) => void;
};

type Told<T> = { readonly facts: T; readonly atMs: number };

export class TrafficDesk {
  readonly #doors: TrafficDeskDoors;
  readonly #changed = new Pulse();
  readonly #regions = new Map<RegionId, Told<RegionFacts>>();
  #outside: Told<FrontFacts> | undefined;
  /** Drawn from a clock that no other controller's life has the same reading of. */
  #version: number;
  #last = new Map<string, { readonly text: string; readonly version: number }>();

  constructor(doors: TrafficDeskDoors) {
    this.#doors = doors;
    this.#version = Math.floor(doors.clock.monotonicMs() * 1e3) + 1;
  }

  /** The state, or targets, may be something else than before. */
  changed(): void {
    this.#changed.beat();
  }

  /** As the Region's agent told last; undefined when that is too long ago to count. */
  factsOf(region: RegionId): RegionFacts | undefined {
    return this.#fresh(this.#regions.get(region));
  }

  /** Of the front door outside. */
  get outside(): FrontFacts | undefined {
    return this.#fresh(this.#outside);
  }

  /** Its machines are gone: what it told does not count any more. */
  forget(region: RegionId): void {
    this.#regions.delete(region);
  }

  /** Answers an agent's `trafficQuestion`. @throws Failure `network.message-invalid` */
  async handleAgent(region: RegionId, message: Json, signal: AbortSignal): Promise<Json> {
    const { clock, told } = this.#doors;
    const { after, holdMs, facts } = decode(trafficQuestion, `a question of ${region}`, message);
    this.#regions.set(region, { facts, atMs: clock.monotonicMs() });
    told(region, facts);
    const untilMs = clock.monotonicMs() + Math.min(holdMs, trafficHoldMs);
    return this.#answer(region, { after, untilMs }, signal, () => ({
      ...(encode(agentNews, {
        state: this.#doors.state(),
        targets: [...this.#doors.targets(region)],
      }) as object),
    }));
  }

  /** Answers the `frontQuestion` of the front door outside. @throws Failure `network.message-invalid` */
  async handleFront(message: Json, signal: AbortSignal): Promise<Json> {
    const { clock } = this.#doors;
    const { after, facts } = decode(frontQuestion, "a front door's question", message);
    this.#outside = { facts, atMs: clock.monotonicMs() };
    const untilMs = clock.monotonicMs() + trafficHoldMs;
    return this.#answer("", { after, untilMs }, signal, () => ({
      ...(encode(frontNews, {
        state: this.#doors.state(),
        replicas: [],
        databases: [],
        isLeaving: false,
        hostPid: process.pid,
      }) as object),
    }));
  }

  async #answer(
    who: string,
    { after, untilMs }: { readonly after: number; readonly untilMs: number },
    signal: AbortSignal,
    news: () => object,
  ): Promise<Json> {
    const { clock } = this.#doors;
    let answer = this.#numbered(who, news());
    while (answer.version === after && clock.monotonicMs() < untilMs && !signal.aborted) {
      await pauseUntil(clock, this.#changed, untilMs, signal);
      answer = this.#numbered(who, news());
    }
    return answer;
  }

  /** Under a new number when it is something else than before. */
  #numbered(who: string, news: object): { readonly version: number } {
    const text = JSON.stringify(news);
    const last = this.#last.get(who);
    if (last?.text === text) return { version: last.version, ...news };
    this.#version += 1;
    this.#last.set(who, { text, version: this.#version });
    return { version: this.#version, ...news };
  }

  #fresh<T>(told: Told<T> | undefined): T | undefined {
    if (!told) return undefined;
    return this.#doors.clock.monotonicMs() - told.atMs <= silentMs ? told.facts : undefined;
  }
}
