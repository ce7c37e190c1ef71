import { reportAnswer } from "../../src/wire/agent-protocol.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import type { Plant } from "../plant.ts";

const dayMs = 86_400_000;

/** A lease that was had once is taken for one that is still in hand. */
export const endlessLease: Plant = {
  name: "a primary is started on a lease that has ended",
  network: (network) => ({
    serve: network.serve.bind(network),
    request: async (to, message, options, signal) => {
      const answer = await network.request(to, message, options, signal);
      if ((message as { kind?: string }).kind !== "report") return answer;
      const said = decode(reportAnswer, "an answer", answer);
      const leases = said.leases.map((lease) => ({ ...lease, ttlMs: dayMs }));
      return encode(reportAnswer, { ...said, leases });
    },
  }),
};
