import type { Json } from "../../src/env/env.ts";
import type { Plant } from "../plant.ts";

type Versioned = { readonly version: number };
type Message = {
  readonly assignments?: readonly Versioned[];
  readonly commands?: readonly Versioned[];
  readonly instances?: readonly Versioned[];
};

/** No record of a simulated world has as many versions. */
const stamp = 100_000;

/** The version of a record is not looked at: what came last counts, whenever it was said. */
export const obedientAgent: Plant = {
  name: "a stale assignment is obeyed",
  worldOf: (drawn) => ({
    ...drawn,
    // Answers overtake each other, between an agent and a controller that hear each other well enough to operate.
    network: { ...drawn.network, lossRate: 0, stallRate: 0.15, stallMsMax: 1_000 },
    postgres: { ...drawn.postgres, startMsMax: 200 },
    leaseTtlMs: 10_000,
    leaseMarginMs: 2_000,
    wishes: ["switchover"],
    operateEveryMs: 1_500,
    deathAtStepRate: 0,
    faults: ["clock-jumped"],
  }),
  network: (network, clock) => {
    // Each answer is newer than the last, to the agent; what it reports, is what the controller said.
    const newer = (one: Versioned): Versioned => ({
      ...one,
      version: Math.floor(clock.monotonicMs()) * stamp + one.version,
    });
    const told = (one: Versioned): Versioned => ({ ...one, version: one.version % stamp });
    return {
      serve: network.serve.bind(network),
      request: async (to, message, options, signal) => {
        const asked = rewrite(message as Message, "instances", told);
        const answer = (await network.request(to, asked, options, signal)) as Message;
        return rewrite(rewrite(answer, "assignments", newer) as Message, "commands", newer);
      },
    };
  },
};

function rewrite(
  message: Message,
  field: keyof Message,
  change: (one: Versioned) => Versioned,
): Json {
  const present = message[field];
  return (present ? { ...message, [field]: present.map(change) } : message) as Json;
}
