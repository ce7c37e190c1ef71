import type { Plant } from "../plant.ts";

/** Promises are kept in memory: an agent that restarts has promised nothing. */
export const forgottenPromise: Plant = {
  name: "a promise is not durable",
  // A writer without a controller, and a failover whose target's agent restarts when it begins.
  worldOf: (drawn) => ({
    ...drawn,
    leaseTtlMs: 10_000,
    leaseMarginMs: 2_000,
    operateEveryMs: 1_500,
    deathAtStepRate: 0.7,
    faultEveryMs: 5_000,
    faults: ["way-cut"],
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
