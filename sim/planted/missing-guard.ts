import type { Plant } from "../plant.ts";

/** An agent that is frozen fences nobody, and nobody does it for the agent. */
export const missingGuard: Plant = {
  name: "no guard watches over the agent",
  guardIsMissing: true,
};
