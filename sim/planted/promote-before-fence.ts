import type { Plant } from "../plant.ts";

/** A failover promotes at once, and tells the old writer to stop afterwards. */
export const promoteBeforeFence: Plant = {
  name: "the old writer is fenced after the promotion",
  engine: (engine) => {
    const { failover } = engine.plans;
    const fence = failover.beforeClaim.find(({ name }) => name === "fence");
    if (!fence) return engine;
    const plan = {
      ...failover,
      beforeClaim: failover.beforeClaim.filter((step) => step !== fence),
      afterClaim: [...failover.afterClaim, fence],
    };
    return { ...engine, plans: { ...engine.plans, failover: plan } };
  },
};
