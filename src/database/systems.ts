/** Which database systems there are now: those of `leeward.yaml`, and those of Regions that were detached from them. */
import { Failure } from "../model/failure.ts";
import type { OperationRequest } from "../model/operation.ts";
import type { InstanceId, RegionId } from "../model/region.ts";
import type { RecordBook } from "./record-book.ts";
import type { SystemRecord } from "./records.ts";
import { detachedSystem, placesOf, type DatabaseSystem } from "./topology.ts";

export class Systems {
  readonly #named: readonly DatabaseSystem[];
  /** Those that there would be, if their Regions were detached. */
  readonly #alone: ReadonlyMap<DatabaseSystem, readonly DatabaseSystem[]>;
  readonly #records: Pick<RecordBook, "has">;

  constructor(named: readonly DatabaseSystem[], records: Pick<RecordBook, "has">) {
    this.#named = named;
    this.#alone = new Map(
      named.map((system) => [
        system,
        system.kind === "global"
          ? system.regions.map(({ region }) => detachedSystem(system, region))
          : [],
      ]),
    );
    this.#records = records;
  }

  all(): readonly DatabaseSystem[] {
    return this.#named.flatMap((system) => [
      system,
      ...(this.#alone.get(system) ?? []).filter(({ key }) => this.#records.has(key)),
    ]);
  }

  /** Every Region in which some database has a place. */
  regions(): readonly RegionId[] {
    const places = this.#named.flatMap((system) => placesOf(system));
    return [...new Set(places.map(({ region }) => region))];
  }

  /** The one that is asked for. @throws Failure `database.unknown`, `region.unknown` */
  find({ database, to }: Pick<OperationRequest, "database" | "to">): DatabaseSystem {
    const system = this.all().find(({ name }) => name === database);
    if (!system) throw new Failure("database.unknown", `There is no database ${database}`);
    if (this.regions().includes(to)) return system;
    throw new Failure("region.unknown", `There is no Region ${to} with a database`);
  }

  /** Places in Regions that left, and that do not stand alone either. */
  leftoversOf(system: DatabaseSystem, record: SystemRecord): readonly InstanceId[] {
    return placesOf(system).filter(({ region }) => {
      const standsAlone = this.#records.has(detachedSystem(system, region).key);
      return !record.members.includes(region) && !standsAlone;
    });
  }
}
