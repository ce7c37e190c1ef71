/**
 * Where the Region's gateway asks its agent. It is told the routes as soon as they are others than it knows, and says
 * with each question that it lives, and what it has done.
 */
import type { HoldOutcome } from "../engine/write-gate.ts";
import type { PlainRoute } from "../database/route.ts";
import type { Clock, Json } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import type { DatabaseId, Epoch } from "../model/region.ts";
import { unreachable } from "../std/assert.ts";
import { Pulse } from "../std/pulse.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  gatewayQuestion,
  watchAnswer,
  type GatewayFacts,
  type GatewayQuestion,
  type Hold,
} from "../wire/gateway-protocol.ts";

/** 1 s at most for an answer without news: so often the gateway is heard, and says its counts. */
const watchMsMax = 1_000;

const newsOfRoutes = watchAnswer.omit({ version: true });

export type DeskDoors = {
  readonly clock: Clock;
  readonly routes: () => readonly PlainRoute[];
  readonly holdOf: (database: DatabaseId, epoch: Epoch) => Hold | undefined;
  readonly settle: (database: DatabaseId, id: string, outcome: HoldOutcome) => void;
  /** A gateway asked. */
  readonly heard: () => void;
  readonly hostPid: number;
};

/** Of whoever asked last. */
export type Caller = { readonly pid: number; readonly agoMs: number };

type Watch = Extract<GatewayQuestion, { readonly kind: "watch" }>;

export class GatewayDesk {
  readonly #doors: DeskDoors;
  readonly #changed = new Pulse();
  #version: number;
  #told = "";
  #isLeaving = false;
  #last: { readonly pid: number; readonly counters: GatewayFacts["databases"] } | undefined;
  #heardAtMs = -Infinity;
  #asking = 0;

  constructor(doors: DeskDoors) {
    this.#doors = doors;
    // No number of another agent's: a gateway that it told its routes would wait here for others.
    this.#version = Math.floor(doors.clock.monotonicMs() * 1e3) + 1;
  }

  /** Undefined before anybody asked. Whoever waits for an answer asks now. */
  get caller(): Caller | undefined {
    if (!this.#last) return undefined;
    const agoMs = this.#asking > 0 ? 0 : this.#doors.clock.monotonicMs() - this.#heardAtMs;
    return { pid: this.#last.pid, agoMs };
  }

  /** As they were told last. */
  get counters(): GatewayFacts["databases"] {
    return this.#last?.counters ?? [];
  }

  /** Routes or holds may be others than before. */
  changed(): void {
    this.#changed.beat();
  }

  /** From now on the gateway is told to end. */
  leave(): void {
    this.#isLeaving = true;
    this.#changed.beat();
  }

  /** Answers a `gatewayQuestion`. @throws Failure `network.message-invalid` */
  async handle(message: Json, signal: AbortSignal): Promise<Json> {
    const asked = decode(gatewayQuestion, "a gateway's question", message);
    switch (asked.kind) {
      case "watch":
        return this.#watch(asked, signal);
      case "hold-outcome": {
        const { database, id, isHeld, because } = asked;
        this.#doors.settle(database, id, { isHeld, because });
        return {};
      }
      default:
        return unreachable(asked);
    }
  }

  async #watch({ pid, after, counters }: Watch, signal: AbortSignal): Promise<Json> {
    const { clock } = this.#doors;
    this.#last = { pid, counters };
    this.#asking += 1;
    this.#doors.heard();
    const untilMs = clock.monotonicMs() + watchMsMax;
    let answer = this.#answer();
    while (this.#version === after && clock.monotonicMs() < untilMs && !signal.aborted) {
      await pauseUntil(clock, this.#changed, untilMs, signal);
      answer = this.#answer();
    }
    this.#asking -= 1;
    this.#heardAtMs = clock.monotonicMs();
    return answer;
  }

  /** What there is to be told now, under a new number when it is something else than before. */
  #answer(): Json {
    const { hostPid, holdOf } = this.#doors;
    const routes = this.#doors
      .routes()
      .map((route) => ({ ...route, hold: holdOf(route.database, route.epoch) }));
    const news = encode(newsOfRoutes, { routes, isLeaving: this.#isLeaving, hostPid });
    const told = JSON.stringify(news);
    if (told !== this.#told) this.#version += 1;
    this.#told = told;
    return { version: this.#version, ...(news as object) };
  }
}
