/** Tells people that a Region which lost its history in a failover is rebuilt, and that it may be promoted again. */
import type { RegionId } from "../model/region.ts";
import type { EventWriter } from "./event-writer.ts";
import { resyncEvents } from "./operation-events.ts";
import type { DatabaseSystem } from "./topology.ts";

export class ResyncNotes {
  readonly #events: EventWriter;
  /** Regions that are being rebuilt in this controller's life, by system and Region. */
  readonly #rebuilding = new Set<string>();

  constructor(events: EventWriter) {
    this.#events = events;
  }

  async started(system: DatabaseSystem, region: RegionId): Promise<void> {
    this.#rebuilding.add(nameOf(system, region));
    await this.#tell(system, region, "started");
  }

  /** Of those Regions that were being rebuilt; the others are candidates for the first time. */
  async finished(system: DatabaseSystem, regions: readonly RegionId[]): Promise<void> {
    for (const region of regions) {
      const isRebuilt = this.#rebuilding.delete(nameOf(system, region));
      if (isRebuilt) await this.#tell(system, region, "finished");
    }
  }

  async #tell(
    { name }: DatabaseSystem,
    region: RegionId,
    progress: "started" | "finished",
  ): Promise<void> {
    const member = { database: name, region };
    for (const event of resyncEvents(member, progress)) await this.#events.append(event);
  }
}

function nameOf({ key }: DatabaseSystem, region: RegionId): string {
  return `${key}/${region}`;
}
