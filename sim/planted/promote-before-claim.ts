import type { Assignment, Command, LeaseGrant } from "../../src/model/assignment.ts";
import type { Json } from "../../src/env/env.ts";
import type { Plant } from "../plant.ts";

type Answer = {
  readonly assignments?: readonly Assignment[];
  readonly commands?: readonly Command[];
  readonly leases?: readonly LeaseGrant[];
};

/** The target is promoted first and the epoch is claimed then; its agent takes the command for leave to write. */
export const promoteBeforeClaim: Plant = {
  name: "the epoch is claimed after the promotion",
  engine: (engine) => {
    const { failover } = engine.plans;
    const promote = failover.afterClaim.filter(({ name }) => name === "promote");
    const plan = { ...failover, beforeClaim: [...failover.beforeClaim, ...promote] };
    return { ...engine, plans: { ...engine.plans, failover: plan } };
  },
  network: (network) => ({
    serve: network.serve.bind(network),
    request: async (to, message, options, signal) =>
      believe((await network.request(to, message, options, signal)) as Answer) as Json,
  }),
};

function believe(answer: Answer): unknown {
  const promoted = answer.commands?.filter(({ action }) => action.kind === "promote") ?? [];
  if (promoted.length === 0) return answer;
  const isPromoted = ({ database, number }: Assignment): boolean =>
    promoted.some((command) => command.database === database && command.number === number);
  return {
    ...answer,
    assignments: answer.assignments?.map((assignment) =>
      isPromoted(assignment) ? { ...assignment, role: "primary", upstream: null } : assignment,
    ),
    leases: [
      ...(answer.leases ?? []),
      ...promoted.map(({ database, epoch }) => ({ database, epoch, ttlMs: 3_000 })),
    ],
  };
}
