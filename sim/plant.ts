/**
 * A planted bug: a door that is subtly wrong, to show that the simulator would find such a bug in the program. A
 * plant that no seed finds is a bug in the simulator.
 */
import type { Files, Network } from "../src/env/env.ts";
import type { Postgres } from "../src/postgres/postgres.ts";
import type { Store } from "../src/store/store.ts";

export type Plant = {
  readonly name: string;
  readonly store?: (store: Store) => Store;
  /** The agent's files; made anew at each start of the agent. */
  readonly files?: (files: Files) => Files;
  /** The agent's way to the controller. */
  readonly network?: (network: Network) => Network;
  readonly postgres?: (postgres: Postgres) => Postgres;
};

export const honest: Plant = { name: "no planted bug" };
