/**
 * Where the Region's gateway asks its agent. It is told the routes as soon as they are others than it knows, and says
 * with each question that it lives, and what it has done.
 */
import type { HoldOutcome } from "../engine/write-gate.ts";
import type { PlainRoute } from "../database/route.ts";
import type { Clock, Json } from "../env/env.ts";
import type { DatabaseId, Epoch } from "../model/region.ts";
import { unreachable } from "../std/assert.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  gatewayQuestion,
  watchAnswer,
  type GatewayFacts,
  type Hold,
} from "../wire/gateway-protocol.ts";
import type { CompanionDesk } from "./companion.ts";
import type { Caller } from "./companion-keeper.ts";
import { CompanionNews } from "./companion-news.ts";

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

export class GatewayDesk implements CompanionDesk {
  readonly #doors: DeskDoors;
  readonly #news: CompanionNews;
  #counters: GatewayFacts["databases"] = [];

  constructor(doors: DeskDoors) {
    this.#doors = doors;
    const { clock } = doors;
    this.#news = new CompanionNews({ clock, holdMs: watchMsMax, news: () => this.#told() });
  }

  get caller(): Caller | undefined {
    return this.#news.caller;
  }

  /** As they were told last. */
  get counters(): GatewayFacts["databases"] {
    return this.#counters;
  }

  /** Routes or holds may be others than before. */
  changed(): void {
    this.#news.changed();
  }

  /** From now on the gateway is told to end. */
  readonly leave = (): void => this.#news.leave();

  /** Answers a `gatewayQuestion`. @throws Failure `network.message-invalid` */
  readonly handle = async (message: Json, signal: AbortSignal): Promise<Json> => {
    const asked = decode(gatewayQuestion, "a gateway's question", message);
    switch (asked.kind) {
      case "watch":
        this.#counters = asked.counters;
        this.#news.heard(asked.pid);
        this.#doors.heard();
        return this.#news.answer(asked.after, signal);
      case "hold-outcome": {
        const { database, id, isHeld, because } = asked;
        this.#doors.settle(database, id, { isHeld, because });
        return {};
      }
      default:
        return unreachable(asked);
    }
  };

  #told(): Json {
    const { hostPid, holdOf } = this.#doors;
    const routes = this.#doors
      .routes()
      .map((route) => ({ ...route, hold: holdOf(route.database, route.epoch) }));
    return encode(newsOfRoutes, { routes, isLeaving: this.#news.isLeaving, hostPid });
  }
}
