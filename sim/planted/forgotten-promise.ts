import type { Plant } from "../plant.ts";

/** Promises are kept in memory: an agent that restarts has promised nothing. */
export const forgottenPromise: Plant = {
  name: "a promise is not durable",
  // A writer that no controller has reached for longer than a lease, so that promises alone bind; then a failover,
  // whose target's agent is killed before it is sealed, and is back while the writer goes on.
  worldOf: (drawn) => ({
    ...drawn,
    systems: drawn.systems.map((system) => ({ ...system, failover: "manual" })),
    network: { ...drawn.network, lossRate: 0, stallRate: 0 },
    store: { latencyMsMax: 0, failureRate: 0 },
    postgres: { ...drawn.postgres, failureRate: 0 },
    leaseTtlMs: 10_000,
    leaseMarginMs: 2_000,
    wishes: ["failover"],
    operateEveryMs: 15_000,
    deathAtStepRate: 0.5,
    victims: ["agent"],
    faultEveryMs: 15_000,
    faults: ["writer-unheard"],
  }),
  files: (files) => ({
    read: (path) => {
      const text = files.read(path);
      if (text === undefined) return undefined;
      const state = JSON.parse(text) as { promises?: unknown };
      if (state.promises === undefined) return text;
      const nothing = Array.isArray(state.promises) ? [] : {};
      return JSON.stringify({ ...state, promises: nothing });
    },
    write: (path, text, mode) => files.write(path, text, mode),
    makeDirectory: (path, mode) => files.makeDirectory(path, mode),
    exists: (path) => files.exists(path),
    remove: (path) => files.remove(path),
  }),
};
