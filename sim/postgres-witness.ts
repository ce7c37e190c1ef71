import type { SystemId } from "../src/model/region.ts";
import type { StartAs } from "../src/postgres/postgres.ts";
import type { SimEvidence, SimFinishedData, SimHost } from "./host.ts";

/** Hears what a checker wants to know. */
export type PostgresWitness = {
  readonly created: (host: SimHost, systemId: SystemId) => void;
  readonly removed: (host: SimHost, data: SimFinishedData) => void;
  readonly started: (host: SimHost, as: StartAs) => void;
  readonly promoted: (host: SimHost) => void;
  /** Evidence of this name is there already, and would be lost. */
  readonly evidenceLost: (host: SimHost, evidence: SimEvidence) => void;
};
