/** The traffic state as front doors hear it: made anew when anything it is made of changes, told to whoever waits. */
import type { Clock } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { TrafficState } from "../model/traffic.ts";
import { assert } from "../std/assert.ts";
import { Pulse } from "../std/pulse.ts";
import type { TrafficSettings } from "./settings.ts";
import type { StoredTraffic } from "./stored-traffic.ts";
import { viewTraffic } from "./traffic-view.ts";

/** How a Region's services are, as its front door says; `lost`: nobody there can be heard. */
export type RegionHealth =
  | "lost"
  | readonly { readonly service: ServiceId; readonly isHealthy: boolean }[];

/** A billion: a change each ms for eleven days. Revisions of two terms never meet. */
const revisionsPerTerm = 1_000_000_000;

export class StateFeed {
  readonly #clock: Clock;
  readonly #settings: TrafficSettings;
  readonly #health = new Map<RegionId, ReadonlyMap<ServiceId, boolean>>();
  readonly #newer = new Pulse();
  #revision: number;
  #stored: StoredTraffic | undefined;
  #state: TrafficState | undefined;
  /** `#state` without its revision, as text: what nobody need be told twice. */
  #told = "";

  constructor(clock: Clock, settings: TrafficSettings, term: number) {
    this.#clock = clock;
    this.#settings = settings;
    this.#revision = term * revisionsPerTerm;
  }

  get state(): TrafficState {
    assert(this.#state !== undefined, "the traffic state is asked for before it was loaded");
    return this.#state;
  }

  /** The state, as soon as it is newer than `after`, or after `ms` as it is. Never rejects. */
  async untilNewer(after: number, ms: number, signal: AbortSignal): Promise<TrafficState> {
    const untilMs = this.#clock.monotonicMs() + ms;
    while (!signal.aborted && this.state.revision <= after) {
      if (this.#clock.monotonicMs() >= untilMs) break;
      await pauseUntil(this.#clock, this.#newer, untilMs, signal);
    }
    return this.state;
  }

  /** Takes over what was read from the store. */
  read(stored: StoredTraffic): void {
    this.#stored = stored;
    this.#tell(stored);
  }

  noteHealth(region: RegionId, health: RegionHealth): void {
    const services = health === "lost" ? [] : health;
    const next = new Map(services.map(({ service, isHealthy }) => [service, isHealthy]));
    const last = this.#health.get(region);
    this.#health.set(region, next);
    // Each Region says it once a second, and it is nearly always the same.
    const isSame = last?.size === next.size && [...next].every(([id, is]) => last.get(id) === is);
    if (this.#stored !== undefined && !isSame) this.#tell(this.#stored);
  }

  #tell(stored: StoredTraffic): void {
    const next = viewTraffic(this.#settings, stored, (...which) => this.#isHealthy(...which));
    const text = JSON.stringify(next);
    if (text === this.#told) return;
    this.#told = text;
    this.#revision += 1;
    this.#state = { revision: this.#revision, ...next };
    this.#newer.beat();
  }

  /** A Region that nobody has said anything of yet counts as healthy: a new controller must not move traffic. */
  #isHealthy(region: RegionId, service: ServiceId): boolean {
    const services = this.#health.get(region);
    return services === undefined || services.get(service) === true;
  }
}
