import type { LeaseGrant } from "../../src/model/assignment.ts";
import type { Json } from "../../src/env/env.ts";
import type { Plant } from "../plant.ts";

/** A lease is counted from when its answer came, however long that was under way. */
export const leaseFromAnswer: Plant = {
  name: "a lease is measured from the answer",
  // Answers that hang, but not for so long that they are given up, and then nothing more is heard.
  worldOf: (drawn) => ({
    ...drawn,
    network: { ...drawn.network, lossRate: 0, stallRate: 0.5, stallMsMax: 2_000 },
    leaseTtlMs: 3_000,
    leaseMarginMs: 1_000,
    writeEveryMs: 80,
    operateEveryMs: undefined,
    faultEveryMs: 8_000,
    faults: ["region-alone"],
  }),
  network: (network, clock) => ({
    serve: network.serve.bind(network),
    request: async (to, message, options, signal) => {
      const askedAtMs = clock.monotonicMs();
      const answer = await network.request(to, message, options, signal);
      const { leases } = answer as { leases?: readonly LeaseGrant[] };
      if (!leases) return answer;
      const tookMs = clock.monotonicMs() - askedAtMs;
      const longer = leases.map((lease) => ({ ...lease, ttlMs: lease.ttlMs + tookMs }));
      return { ...(answer as object), leases: longer } as unknown as Json;
    },
  }),
};
