/** The one entry for everybody: each request goes to the edge of a Region, as policy, health, controls, dials and weights say. */
import type { IncomingMessage } from "node:http";
import type { RegionId } from "../model/region.ts";
import type { TrafficState } from "../model/traffic.ts";
import { assert } from "../std/assert.ts";
import type { FrontSettings } from "../wire/program-settings.ts";
import type { FrontFacts } from "../wire/traffic-protocol.ts";
import type { Balancer } from "./balancer.ts";
import { pickRegion, planRegions, type Plan, type RegionView } from "./choose-region.ts";
import type { EdgeDoors, EdgeEvents, EdgeParts } from "./edge.ts";
import { Endpoint } from "./endpoint.ts";
import { Exchange, type Asked } from "./exchange.ts";
import { unasked } from "./health-state.ts";
import { HttpListener } from "./http-listener.ts";
import { edgeLimits, type EdgeLimits } from "./limits.ts";
import { nearMap, nearRegion, type NearMap } from "./near-region.ts";
import { answerOwn } from "./own-answer.ts";
import { unavailable, type Refusal } from "./refusal.ts";
import { healthPath } from "./region-report.ts";
import { viewRegions } from "./region-views.ts";
import { watchHealth } from "./watch-health.ts";

/** 5 s: a Region's edge gives up first, and says more about why. */
const answerMarginMs = 5_000;

type Member = {
  readonly region: RegionId;
  readonly endpoint: Endpoint;
  /** Since when its control is Off, on the monotonic clock. */
  offSinceMs: number | undefined;
};

export class GlobalEntry implements Balancer {
  readonly rule = "entry";
  readonly asksEdges = true;
  readonly #parts: EdgeParts;
  readonly #settings: FrontSettings;
  readonly #members: readonly Member[];
  readonly #byRegion: ReadonlyMap<string, Member>;
  readonly #near: NearMap;
  #state: TrafficState | undefined;
  #views: readonly RegionView[] = [];
  /** By the Region that a client is near to. */
  #plans: ReadonlyMap<RegionId, Plan> = new Map();

  /** @param settings of the front door outside */
  constructor(
    doors: EdgeDoors,
    settings: FrontSettings,
    { changed }: EdgeEvents,
    bounds: EdgeLimits = edgeLimits,
  ) {
    const { regions, entry, outside: from } = settings;
    const [first] = regions;
    assert(first !== undefined, "a world has at least one Region");
    const { clock, random, log } = doors;
    this.#parts = { clock, random, log, changed, limits: bounds };
    this.#settings = settings;
    const limits = { ...bounds, answerMs: bounds.answerMs + answerMarginMs };
    const turned = (endpoint: Endpoint): void => this.#turned(endpoint);
    this.#members = regions.flatMap(({ region, edge: address }) => {
      if (address === undefined) return [];
      const health = unasked(true);
      const endpoint = new Endpoint({ name: region, address, health, limits, from, turned });
      return [{ region, endpoint, offSinceMs: undefined }];
    });
    this.#byRegion = new Map(this.#members.map((member) => [member.region, member]));
    this.#near = nearMap(regions, entry?.nearHeader, first.region);
    this.#plan();
  }

  /**
   * Serves until `signal` aborts.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`
   */
  async run(signal: AbortSignal): Promise<void> {
    const { entry, health, outside: from } = this.#settings;
    if (entry === undefined) return;
    const { address, trustForwarded } = entry;
    const serve = (asked: Asked): void => this.#serve(asked);
    const listener = new HttpListener(this.#parts, {
      address,
      believes: () => trustForwarded,
      serve,
    });
    await listener.listen(signal);
    const check = { ...health, path: healthPath };
    const watches = this.#members.map(({ endpoint }) =>
      watchHealth(this.#parts, { endpoint, check, from }, signal),
    );
    await Promise.all([...watches, this.#unpin(signal)]);
    for (const { endpoint } of this.#members) endpoint.connections.close();
  }

  /** @param state undefined: nobody has said it; all Regions are on, with full dials */
  follow(state: TrafficState | undefined): void {
    if (state === undefined || state.revision === this.#state?.revision) return;
    this.#state = state;
    this.#plan();
    this.#parts.changed();
  }

  endpointFacts(): FrontFacts["endpoints"] {
    return this.#members.map(({ region, endpoint }) => ({
      region,
      isHealthy: endpoint.isReady,
      because: endpoint.because,
      open: endpoint.open,
      pinned: this.#takesMore(region) ? 0 : endpoint.open,
      served: endpoint.served,
      failed: endpoint.failed,
      rescued: endpoint.rescued,
    }));
  }

  choose(request: IncomingMessage, tried: Endpoint | undefined): Endpoint | undefined {
    const source = request.socket.remoteAddress ?? "";
    const near =
      this.#settings.entry?.policy === "nearest"
        ? nearRegion(this.#near, source, request.rawHeaders, this.#byRegion)
        : this.#near.first;
    const plan = this.#plans.get(near);
    if (plan === undefined) return undefined;
    const draw = (): number => this.#parts.random.float();
    const region = pickRegion(plan, draw, tried?.name as RegionId | undefined);
    return region === undefined ? undefined : this.#byRegion.get(region)?.endpoint;
  }

  refusal(): Refusal {
    return unavailable("all-regions-off", "Every Region is switched off; try again later.");
  }

  /** An answer that broke in its middle says something about a replica: the Region's edge had begun to pass it on. */
  lost(endpoint: Endpoint, because: string, isAnswering: boolean): void {
    if (!isAnswering) endpoint.lost(because);
  }

  headers(endpoint: Endpoint, tried: Endpoint | undefined): readonly string[] {
    if (tried === undefined) return ["x-leeward-region", endpoint.name];
    return ["x-leeward-region", endpoint.name, "x-leeward-rescued", tried.name];
  }

  #serve(asked: Asked): void {
    const report = (): { readonly isGood: boolean; readonly body: object } => {
      const isGood = this.#views.some(({ isOn, isHealthy }) => isOn && isHealthy);
      const regions = this.endpointFacts();
      return { isGood, body: { status: isGood ? "healthy" : "unhealthy", regions } };
    };
    if (!answerOwn(this.#parts, asked, report)) new Exchange(this.#parts, asked, this).start();
  }

  #turned(endpoint: Endpoint): void {
    const { name, isReady, because } = endpoint;
    this.#parts.log.info("edge.region-turned", { region: name, isReady, because });
    this.#plan();
    if (!isReady) endpoint.moveAllOn(because);
    this.#parts.changed();
  }

  #plan(): void {
    const { entry, regions } = this.#settings;
    if (entry === undefined) return;
    const isHealthy = (region: RegionId): boolean =>
      this.#byRegion.get(region)?.endpoint.isReady ?? false;
    const inOrder = this.#members.map(({ region }) => region);
    this.#views = viewRegions(inOrder, this.#state, entry.service, isHealthy);
    this.#plans = new Map(
      regions.map(({ region, order }) => [
        region,
        planRegions(this.#views, entry.policy, entry.policy === "nearest" ? order : inOrder),
      ]),
    );
    this.#leaveBehind();
  }

  /** Nothing new goes there: connections that rest have no use, and the clock of the others runs. */
  #leaveBehind(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const member of this.#members) {
      if (!this.#takesMore(member.region)) member.endpoint.connections.closeIdle();
      const isOn = this.#view(member.region)?.isOn ?? true;
      member.offSinceMs = isOn ? undefined : (member.offSinceMs ?? nowMs);
    }
  }

  /** Streams that stay in a Region whose control is Off are closed after their time. */
  async #unpin(signal: AbortSignal): Promise<void> {
    const { clock, limits, log } = this.#parts;
    while (!signal.aborted) {
      await clock.sleep(limits.lookMs, signal).catch(() => undefined);
      const beforeMs = clock.monotonicMs() - limits.pinnedMs;
      for (const { region, endpoint, offSinceMs } of this.#members) {
        if (offSinceMs === undefined || offSinceMs > beforeMs || endpoint.open === 0) continue;
        log.info("edge.pinned-closed", { region, open: endpoint.open });
        endpoint.abandonAll("its Region was switched off");
      }
    }
  }

  #takesMore(region: RegionId): boolean {
    const view = this.#view(region);
    return view !== undefined && view.isOn && view.isHealthy && view.dial > 0;
  }

  #view(region: RegionId): RegionView | undefined {
    return this.#views.find((view) => view.region === region);
  }
}
