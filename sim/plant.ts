/**
 * A planted bug: a door that is subtly wrong, to show that the simulator would find such a bug in the program. A
 * plant that no seed finds is a bug in the simulator.
 */
import type { DatabaseEngine } from "../src/database/postgres-engine.ts";
import type { Clock, Files, Network } from "../src/env/env.ts";
import type { Postgres } from "../src/postgres/postgres.ts";
import type { Character } from "./character.ts";
import type { Store } from "../src/store/store.ts";

export type Plant = {
  readonly name: string;
  readonly store?: (store: Store) => Store;
  /** The agent's files; made anew at each start of the agent. */
  readonly files?: (files: Files) => Files;
  /** The agent's way to the controller and to other agents; made anew at each start of the agent. */
  readonly network?: (network: Network, clock: Clock) => Network;
  readonly postgres?: (postgres: Postgres) => Postgres;
  /** The kind of world in which the bug does harm, where that is a rare one. */
  readonly worldOf?: (drawn: Character) => Character;
  /** No guard watches over the agent. */
  readonly guardIsMissing?: boolean;
  /** The steps that operations go through. */
  readonly engine?: (engine: DatabaseEngine) => DatabaseEngine;
};

export const honest: Plant = { name: "no planted bug" };
