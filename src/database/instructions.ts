/** What each agent is told with every answer: what its instances are to be, and the leases that it holds. */
import type { Assignment, LeaseGrant } from "../model/assignment.ts";
import type { ControllerTerm, RegionId } from "../model/region.ts";
import type { LeaseBook } from "./lease-book.ts";
import type { RecordBook } from "./record-book.ts";
import type { Systems } from "./systems.ts";
import { assignmentOf, instancesOf, isWriter, type Addresses } from "./topology.ts";

export type InstructionDoors = {
  readonly systems: Systems;
  readonly records: RecordBook;
  readonly leases: LeaseBook;
};

export type Instruction = {
  readonly term: ControllerTerm;
  readonly assignments: Assignment[];
  readonly leases: LeaseGrant[];
};

export class Instructions {
  readonly #doors: InstructionDoors;
  readonly #settings: Addresses & { readonly leaseTtlMs: number };
  readonly #term: ControllerTerm;

  constructor(
    doors: InstructionDoors,
    settings: Addresses & { readonly leaseTtlMs: number },
    term: ControllerTerm,
  ) {
    this.#doors = doors;
    this.#settings = settings;
    this.#term = term;
  }

  /** Counts the leases as given: whoever waits for the end of one counts from before this answer leaves (O5). */
  give(region: RegionId): Instruction {
    const { systems, records, leases } = this.#doors;
    const mine = systems.all().flatMap((system) => {
      const record = records.get(system.key);
      return instancesOf(system, record)
        .filter((instance) => instance.region === region)
        .map((instance) => ({ system, instance, record }));
    });
    const writers = mine.filter(
      ({ instance, record }) => isWriter(instance, record) && !record.isFencing,
    );
    for (const { system } of writers) leases.granted(system.key);
    return {
      term: this.#term,
      assignments: mine.map(({ system, instance, record }) =>
        assignmentOf(instance, system, record, this.#settings),
      ),
      leases: writers.map(({ instance, record }) => ({
        database: instance.database,
        epoch: record.epoch,
        ttlMs: this.#settings.leaseTtlMs,
      })),
    };
  }
}
