/**
 * What the agents said last, and how long ago on this machine's own clock.
 *
 * Each answer to a report hands out a ticket, and only a report that carries the last ticket is believed. A
 * report that hung in a cut link and comes out minutes later, or one of an agent that was killed since, carries
 * an older ticket: acting on it would clone over what has been built in the meantime.
 */
import type { Clock } from "../env/env.ts";
import type { EvidenceItem } from "../model/evidence.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { ControllerTerm, InstanceId, RegionId } from "../model/region.ts";
import type { GatewayFacts } from "../wire/gateway-protocol.ts";
import { GatewayWindow, type GatewayPace } from "./gateway-window.ts";

/** 3 s: an agent reports each second; after three silent ones its Region counts as unreachable. */
export const reportMaxAgeMs = 3_000;

/** What an agent says beside its instances. */
export type RegionFacts = {
  readonly instances: readonly InstanceReport[];
  readonly evidence: readonly EvidenceItem[];
  /** How long the agents of other Regions have not been heard there, in ms. */
  readonly peers: readonly { readonly region: RegionId; readonly silentMs: number }[];
  readonly gateway: GatewayFacts | undefined;
};

/** How a Region's gateway is, and what it did in the last seconds. */
export type GatewayReading = {
  readonly region: RegionId;
  readonly state: GatewayFacts["state"];
  readonly paces: readonly GatewayPace[];
};

type RegionReport = RegionFacts & { readonly atMs: number };

export type ReportedInstance = { readonly report: InstanceReport; readonly ageMs: number };

export class Reports {
  readonly #clock: Clock;
  readonly #term: ControllerTerm;
  readonly #byRegion = new Map<RegionId, RegionReport>();
  /** Of Regions that were switched off: what they said last is no longer so, and still says what was lost. */
  readonly #forgotten = new Map<RegionId, RegionReport>();
  readonly #windows = new Map<RegionId, GatewayWindow>();
  readonly #taken = new Map<RegionId, number>();

  constructor(clock: Clock, term: ControllerTerm) {
    this.#clock = clock;
    this.#term = term;
  }

  /** What the Region's next report has to carry. */
  ticket(region: RegionId): string {
    return `${this.#term}.${this.#taken.get(region) ?? 0}`;
  }

  /** Answers false, and keeps nothing, when the report is older than the last answer. */
  take(region: RegionId, ticket: string, facts: RegionFacts): boolean {
    if (ticket !== this.ticket(region)) return false;
    const { instances, evidence, peers, gateway } = facts;
    const atMs = this.#clock.monotonicMs();
    this.#byRegion.set(region, { instances, evidence, peers, gateway, atMs });
    this.#windowOf(region).note(gateway, atMs);
    this.#nextTicket(region);
    return true;
  }

  /** The Region was switched off: what it said last is no longer so. */
  forget(region: RegionId): void {
    const last = this.#byRegion.get(region);
    if (last) this.#forgotten.set(region, last);
    this.#byRegion.delete(region);
    this.#windows.delete(region);
    // What it sent before it was switched off is not believed either.
    this.#nextTicket(region);
  }

  /** In ms; undefined when the Region never reported to this controller. */
  ageMs(region: RegionId): number | undefined {
    const last = this.#byRegion.get(region);
    return last && this.#clock.monotonicMs() - last.atMs;
  }

  /** What the Region said last, however old; undefined when it never did to this controller. */
  facts(region: RegionId): (RegionFacts & { readonly ageMs: number }) | undefined {
    const last = this.#byRegion.get(region);
    return last && { ...last, ageMs: this.#clock.monotonicMs() - last.atMs };
  }

  /** The Region's gateway, when it was told of recently enough to act upon. */
  freshGateway(region: RegionId): GatewayFacts | undefined {
    const last = this.facts(region);
    return last && last.ageMs <= reportMaxAgeMs ? last.gateway : undefined;
  }

  /** Every Region whose gateway was told of recently. */
  gateways(): readonly GatewayReading[] {
    return [...this.#byRegion.keys()].flatMap((region) => {
      const gateway = this.freshGateway(region);
      if (!gateway) return [];
      const window = this.#windowOf(region);
      const paces = gateway.databases.flatMap(({ database }) => window.pace(database) ?? []);
      return [{ region, state: gateway.state, paces }];
    });
  }

  /** The last report of an instance, however old. */
  last(id: InstanceId): ReportedInstance | undefined {
    return this.#reportIn(this.#byRegion.get(id.region), id);
  }

  /** As `last`, also when its Region was switched off since. */
  lastWords(id: InstanceId): ReportedInstance | undefined {
    return this.last(id) ?? this.#reportIn(this.#forgotten.get(id.region), id);
  }

  /** The last report of an instance, when it is recent enough to act upon. */
  fresh(id: InstanceId): InstanceReport | undefined {
    const last = this.last(id);
    return last && last.ageMs <= reportMaxAgeMs ? last.report : undefined;
  }

  #windowOf(region: RegionId): GatewayWindow {
    const window = this.#windows.get(region) ?? new GatewayWindow();
    this.#windows.set(region, window);
    return window;
  }

  #reportIn(region: RegionReport | undefined, id: InstanceId): ReportedInstance | undefined {
    const report = region?.instances.find(
      ({ database, number }) => database === id.database && number === id.number,
    );
    if (!region || !report) return undefined;
    return { report, ageMs: this.#clock.monotonicMs() - region.atMs };
  }

  #nextTicket(region: RegionId): void {
    this.#taken.set(region, (this.#taken.get(region) ?? 0) + 1);
  }
}
