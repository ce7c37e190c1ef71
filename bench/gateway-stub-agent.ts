/** What a Region's agent tells its gateway, without the Region: one database, a writer that stays, a lease that holds. */
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeNetwork } from "../src/env/node/network.ts";
import type { Address } from "../src/model/address.ts";
import { decode, encode } from "../src/wire/codec.ts";
import { gatewayQuestion, watchAnswer, type Route } from "../src/wire/gateway-protocol.ts";
import { monotonicMs } from "./monotonic.ts";

/** As an agent's: the lease of the local preset, renewed every second. */
const leaseMs = 3_000;
const renewEveryMs = 1_000;

export type StubAgent = {
  readonly address: Address;
  readonly token: string;
  /** All of the route but its lease. */
  readonly route: Omit<Route, "leaseUntilMs">;
  readonly isWriterHere: boolean;
};

/** Answers until `signal` aborts; settles once it listens. */
export function serveStubAgent(
  network: NodeNetwork,
  agent: StubAgent,
  signal: AbortSignal,
): Promise<void> {
  let version = 0;
  const authenticate = (token: string): string | undefined =>
    token === agent.token ? "gateway" : undefined;
  return network.serve(
    agent.address,
    authenticate,
    async (_, message, asked) => {
      const question = decode(gatewayQuestion, "a gateway's question", message);
      if (question.kind !== "watch") return {};
      if (question.after === version) await sleep(renewEveryMs, undefined, { signal: asked });
      version += 1;
      const leaseUntilMs = agent.isWriterHere ? monotonicMs() + leaseMs : 0;
      return encode(watchAnswer, {
        version,
        routes: [{ ...agent.route, leaseUntilMs }],
        isLeaving: false,
        hostPid: process.pid,
      });
    },
    signal,
  );
}
