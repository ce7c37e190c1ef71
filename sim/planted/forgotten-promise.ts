import type { Plant } from "../plant.ts";

/** Promises are kept in memory: an agent that restarts has promised nothing. */
export const forgottenPromise: Plant = {
  name: "a promise is not durable",
  // A writer that no controller reaches, and a failover whose target's agent is killed and restarted while it is sealed.
  worldOf: (drawn) => ({
    ...drawn,
    leaseTtlMs: 10_000,
    leaseMarginMs: 2_000,
    network: { ...drawn.network, lossRate: 0, stallRate: 0 },
    wishes: ["failover"],
    operateEveryMs: 3_000,
    deathAtStepRate: 0.5,
    victims: ["agent"],
    faultEveryMs: 12_000,
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
