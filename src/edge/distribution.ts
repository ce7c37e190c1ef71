/**
 * A second global entry, as a CDN is one: it has one origin at a time and no memory of who failed. Each request tries
 * the origin first; reads alone go to the next Region.
 */
import type { RegionId } from "../model/region.ts";
import type { TrafficState } from "../model/traffic.ts";
import type { FrontSettings } from "../wire/program-settings.ts";
import { answerWith } from "./client-answer.ts";
import type { Balancer, Onlooker } from "./balancer.ts";
import type { EdgeDoors, EdgeParts } from "./edge.ts";
import { Endpoint } from "./endpoint.ts";
import { Exchange, type Asked } from "./exchange.ts";
import { unasked } from "./health-state.ts";
import { HttpListener } from "./http-listener.ts";
import { edgeLimits, type EdgeLimits } from "./limits.ts";
import { isKeepable, KeptAnswers, keepForMs, type KeptAnswer } from "./kept-answers.ts";
import { originOrder } from "./origin-order.ts";
import { unavailable, type Refusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import type { IncomingMessage } from "node:http";

export class Distribution implements Balancer {
  readonly rule = "distribution";
  readonly asksEdges = true;
  readonly #parts: EdgeParts;
  readonly #settings: FrontSettings;
  readonly #endpoints: ReadonlyMap<RegionId, Endpoint>;
  readonly #kept: KeptAnswers;
  #state: TrafficState | undefined;
  #order: readonly RegionId[];

  /** @param settings of the front door outside */
  constructor(doors: EdgeDoors, settings: FrontSettings, limits: EdgeLimits = edgeLimits) {
    const { clock, random, log } = doors;
    // Nobody's health is kept here, so that nothing can turn.
    this.#parts = { clock, random, log, changed: () => undefined, limits };
    this.#settings = settings;
    this.#endpoints = new Map(
      settings.regions.flatMap(({ region, edge: address }) => {
        if (address === undefined) return [];
        const health = unasked(true);
        const from = settings.outside;
        const turned = (): void => undefined;
        return [[region, new Endpoint({ name: region, address, health, limits, from, turned })]];
      }),
    );
    this.#kept = new KeptAnswers(limits);
    this.#order = originOrder(settings.regions, undefined);
  }

  /**
   * Serves until `signal` aborts.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`
   */
  async run(signal: AbortSignal): Promise<void> {
    const { distribution, entry } = this.#settings;
    if (distribution === undefined) return;
    const believes = (): boolean => entry?.trustForwarded ?? false;
    const serve = (asked: Asked): void => this.#serve(asked);
    const { address } = distribution;
    const listener = new HttpListener(this.#parts, { address, believes, serve });
    await listener.listen(signal);
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    for (const endpoint of this.#endpoints.values()) endpoint.connections.close();
  }

  /** @param state undefined: nobody has said it; the first Region is the origin */
  follow(state: TrafficState | undefined): void {
    if (state === undefined || state.revision === this.#state?.revision) return;
    this.#state = state;
    this.#order = originOrder(this.#settings.regions, state);
    // What rests towards earlier origins has no use.
    const [origin] = this.#order;
    for (const [region, endpoint] of this.#endpoints) {
      if (region !== origin) endpoint.connections.closeIdle();
    }
  }

  choose(_: IncomingMessage, tried: Endpoint | undefined): Endpoint | undefined {
    const [origin, next] = this.#order;
    const region = tried === undefined ? origin : next;
    if (region === undefined) return undefined;
    if (tried !== undefined && !this.#settings.distribution?.failover) return undefined;
    return this.#endpoints.get(region);
  }

  refusal(): Refusal {
    return unavailable("origin-unknown", "The distribution has no origin.");
  }

  /** Nothing is remembered: the next request tries the origin first again. */
  lost(): void {}

  headers(endpoint: Endpoint, tried: Endpoint | undefined): readonly string[] {
    const headers = ["x-leeward-region", endpoint.name];
    const tag = this.#state?.distribution?.tag;
    if (tag !== undefined) headers.push("x-leeward-origin-tag", tag);
    if (tried !== undefined) headers.push("x-leeward-rescued", tried.name);
    return headers;
  }

  #serve(asked: Asked): void {
    const { head, request } = asked;
    const keepMs = this.#settings.distribution?.keepMs ?? 0;
    if (keepMs === 0 || !isKeepable(head.method, request.rawHeaders)) {
      return new Exchange(this.#parts, asked, this).start();
    }
    const nowMs = this.#parts.clock.monotonicMs();
    const generation = this.#state?.distribution?.invalidations ?? 0;
    const key = keyOf(head);
    const kept = this.#kept.find(key, generation, nowMs);
    if (kept !== undefined) return this.#answerKept(asked, kept, nowMs);
    const keep = (answer: Pick<KeptAnswer, "status" | "headers" | "body">, ms: number): void =>
      this.#kept.keep(key, { ...answer, generation, fromMs: nowMs, untilMs: nowMs + ms });
    const keeper = new Keeper(keepMs, this.#parts.limits.keptAnswerBytesMax, keep);
    new Exchange(this.#parts, asked, this, keeper).start();
  }

  #answerKept({ response }: Asked, kept: KeptAnswer, nowMs: number): void {
    const { status, body } = kept;
    const age = String(Math.floor((nowMs - kept.fromMs) / 1_000));
    const headers = [...withLength(kept.headers, body.length), "age", age];
    answerWith(this.#parts, response, { status, headers, body });
  }
}

/** The host is part of it: two hosts may say different things under one path. */
const keyOf = ({ host = "", path }: RequestHead): string => `${host.toLowerCase()} ${path}`;

/** An answer that came in chunks did not say how long it is. */
function withLength(headers: readonly string[], length: number): readonly string[] {
  const hasIt = headers.some((name, at) => at % 2 === 0 && name === "content-length");
  return hasIt ? headers : [...headers, "content-length", String(length)];
}

/** Gathers an answer while it passes, as far as one may be kept. */
class Keeper implements Onlooker {
  readonly #keepMs: number;
  readonly #bytesMax: number;
  readonly #keep: (answer: Pick<KeptAnswer, "status" | "headers" | "body">, ms: number) => void;
  #status = 0;
  #headers: readonly string[] = [];
  #pieces: Buffer[] | undefined = [];
  #bytes = 0;
  #ms = 0;

  constructor(
    keepMs: number,
    bytesMax: number,
    keep: (answer: Pick<KeptAnswer, "status" | "headers" | "body">, ms: number) => void,
  ) {
    this.#keepMs = keepMs;
    this.#bytesMax = bytesMax;
    this.#keep = keep;
  }

  began(status: number, headers: readonly string[]): boolean {
    this.#status = status;
    this.#headers = [...headers];
    this.#ms = keepForMs(status, headers, this.#keepMs);
    return this.#ms > 0;
  }

  passed(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#bytesMax) this.#pieces = undefined;
    this.#pieces?.push(piece);
  }

  ended(): void {
    if (this.#pieces === undefined) return;
    const body = Buffer.concat(this.#pieces);
    this.#keep({ status: this.#status, headers: this.#headers, body }, this.#ms);
  }
}
