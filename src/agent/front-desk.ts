/**
 * Where the Region's front door asks its agent. It is told what it follows as soon as that is something else than it
 * knows, and tells with each question that it lives, and what it sees.
 */
import type { Clock, Json } from "../env/env.ts";
import type { ServiceId } from "../model/service.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  frontAnswer,
  frontQuestion,
  trafficHoldMs,
  type FrontAnswer,
  type FrontFacts,
  type FrontQuestion,
} from "../wire/traffic-protocol.ts";
import type { CompanionDesk } from "./companion.ts";
import type { Caller } from "./companion-keeper.ts";
import { CompanionNews } from "./companion-news.ts";

const news = frontAnswer.omit({ version: true });

export type FrontNews = Omit<FrontAnswer, "version" | "isLeaving" | "hostPid">;

export type FrontDeskDoors = {
  readonly clock: Clock;
  readonly news: () => FrontNews;
  /** A front door asked. */
  readonly heard: () => void;
  /** A service here is healthy that was not, or the other way round. */
  readonly healthChanged: () => void;
  readonly hostPid: number;
};

export class FrontDesk implements CompanionDesk {
  readonly #doors: FrontDeskDoors;
  readonly #news: CompanionNews;
  #facts: FrontFacts | undefined;
  #inUse: FrontQuestion["inUse"] = [];

  constructor(doors: FrontDeskDoors) {
    const { clock, hostPid } = doors;
    this.#doors = doors;
    this.#news = new CompanionNews({
      clock,
      holdMs: trafficHoldMs,
      news: () => encode(news, { ...doors.news(), isLeaving: this.#news.isLeaving, hostPid }),
    });
  }

  get caller(): Caller | undefined {
    return this.#news.caller;
  }

  /** As they were told last. */
  get facts(): FrontFacts | undefined {
    return this.#facts;
  }

  /** It may send this replica requests, or still waits for it: so it said last. */
  uses(service: ServiceId, number: number): boolean {
    return this.#inUse.some((one) => one.service === service && one.number === number);
  }

  /** What there is to be told may be something else than before. */
  changed(): void {
    this.#news.changed();
  }

  /** From now on the front door is told to end. */
  readonly leave = (): void => this.#news.leave();

  /** Answers a `frontQuestion`. @throws Failure `network.message-invalid` */
  readonly handle = async (message: Json, signal: AbortSignal): Promise<Json> => {
    const { pid, after, facts, inUse } = decode(frontQuestion, "a front door's question", message);
    const isNews = healthOf(facts) !== healthOf(this.#facts);
    this.#facts = facts;
    this.#inUse = inUse;
    this.#news.heard(pid);
    this.#doors.heard();
    if (isNews) this.#doors.healthChanged();
    return this.#news.answer(after, signal);
  };
}

function healthOf(facts: FrontFacts | undefined): string {
  const healthy = facts?.services.filter(({ isHealthy }) => isHealthy) ?? [];
  return healthy.map(({ service }) => service).join(" ");
}
