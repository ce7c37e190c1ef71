/** What the agents said last, and how long ago on this machine's own clock. */
import type { Clock } from "../env/env.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { InstanceId, RegionId } from "../model/region.ts";

/** 3 s: an agent reports each second; after three silent ones its Region counts as unreachable. */
export const reportMaxAgeMs = 3_000;

type RegionReport = {
  readonly boot: string;
  readonly instances: readonly InstanceReport[];
  readonly atMs: number;
};

export type ReportedInstance = { readonly report: InstanceReport; readonly ageMs: number };

export class Reports {
  readonly #clock: Clock;
  readonly #byRegion = new Map<RegionId, RegionReport>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(region: RegionId, boot: string, instances: readonly InstanceReport[]): void {
    this.#byRegion.set(region, { boot, instances, atMs: this.#clock.monotonicMs() });
  }

  /** Undefined when the Region never reported to this controller. */
  ageMs(region: RegionId): number | undefined {
    const last = this.#byRegion.get(region);
    return last && this.#clock.monotonicMs() - last.atMs;
  }

  isFresh(region: RegionId): boolean {
    return (this.ageMs(region) ?? Infinity) <= reportMaxAgeMs;
  }

  /** The last report of an instance, however old. */
  last(id: InstanceId): ReportedInstance | undefined {
    const region = this.#byRegion.get(id.region);
    const report = region?.instances.find(
      ({ database, number }) => database === id.database && number === id.number,
    );
    if (!region || !report) return undefined;
    return { report, ageMs: this.#clock.monotonicMs() - region.atMs };
  }

  /** The last report of an instance, when it is recent enough to act upon. */
  fresh(id: InstanceId): InstanceReport | undefined {
    return this.isFresh(id.region) ? this.last(id)?.report : undefined;
  }
}
