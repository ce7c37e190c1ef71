import type { LeaseGrant } from "../../src/model/assignment.ts";
import type { Json } from "../../src/env/env.ts";
import type { Plant } from "../plant.ts";

/** A lease is counted from when its answer came, however long that was under way. */
export const leaseFromAnswer: Plant = {
  name: "a lease is measured from the answer",
  worldOf: (drawn) => ({
    ...drawn,
    network: { ...drawn.network, stallRate: 0.2, stallMsMax: 20_000 },
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
