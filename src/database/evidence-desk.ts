/** The evidence that Regions keep, and its removal when a person asks for it. */
import type { Clock } from "../env/env.ts";
import type { EvidenceItem } from "../model/evidence.ts";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { CommandDesk, Deed } from "./command-desk.ts";
import type { RecordBook } from "./record-book.ts";
import type { Reports } from "./reports.ts";
import type { Systems } from "./systems.ts";

/** 50 ms between looks; 60 s for a hundred gigabytes of files on a slow disk, or an agent that does not answer. */
const pollMs = 50;
const removalMs = 60_000;

/** Evidence as the Region that keeps it said last. */
export type KeptEvidence = {
  readonly region: RegionId;
  readonly item: EvidenceItem;
  readonly reportAgeMs: number;
};

export type EvidenceDoors = {
  readonly clock: Clock;
  readonly systems: Systems;
  readonly records: Pick<RecordBook, "get">;
  readonly reports: Reports;
  readonly commands: CommandDesk;
};

export class EvidenceDesk {
  readonly #doors: EvidenceDoors;

  constructor(doors: EvidenceDoors) {
    this.#doors = doors;
  }

  /** As far as Regions have said so to this controller. */
  list(): readonly KeptEvidence[] {
    const { systems, reports } = this.#doors;
    return systems.regions().flatMap((region) => {
      const facts = reports.facts(region);
      if (!facts) return [];
      const { evidence, ageMs } = facts;
      return evidence.map((item) => ({ region, item, reportAgeMs: ageMs }));
    });
  }

  /** Done when the Region no longer reports it. @throws Failure `evidence.unknown`, `network.unreachable` */
  async remove(region: RegionId, name: string, signal: AbortSignal): Promise<void> {
    const { systems, records, commands } = this.#doors;
    const found = this.#find(region, name);
    if (!found) throw new Failure("evidence.unknown", `${region} keeps no evidence ${name}`);
    const system = systems.all().find(({ database, regions }) => {
      return database === found.item.database && regions.some((one) => one.region === region);
    });
    assert(system !== undefined, "evidence is of a database that has a place in its Region");
    const { epoch, version } = records.get(system.key);
    const instance = { database: system.database, region, number: found.item.number };
    const deed = { instance, operation: `evidence/${name}`, step: "remove-evidence" };
    commands.give({ ...deed, epoch, version, action: { kind: "remove-evidence", name } });
    await this.#untilRemoved(region, name, deed, signal);
  }

  #find(region: RegionId, name: string): KeptEvidence | undefined {
    return this.list().find((kept) => kept.region === region && kept.item.name === name);
  }

  async #untilRemoved(
    region: RegionId,
    name: string,
    deed: Deed,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, commands } = this.#doors;
    const deadlineMs = clock.monotonicMs() + removalMs;
    const what = `Could not remove the evidence ${name} in ${region}`;
    while (this.#find(region, name)) {
      const progress = commands.progress(deed);
      if (progress?.outcome === "failed") {
        throw new Failure("state.not-writable", `${what}: ${progress.because}`);
      }
      if (clock.monotonicMs() > deadlineMs) {
        throw new Failure("network.unreachable", `${what}: its agent does not answer`);
      }
      await clock.sleep(pollMs, signal);
    }
  }
}
