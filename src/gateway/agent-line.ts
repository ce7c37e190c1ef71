/** The gateway's line to its Region's agent: asks over and over what is true, and tells what became of a hold. */
import type { Clock, Log, Network } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  gatewayQuestion,
  watchAnswer,
  type GatewayQuestion,
  type WatchAnswer,
} from "../wire/gateway-protocol.ts";

/** An answer comes within a second, or at once. */
const answerMs = 3_000;
/** 50 ms between tries while there is no agent: the next one looks for its gateway for 400 ms. */
const retryMs = 50;
/** An outcome that cannot be told is worth nothing when the hold is over. */
const outcomeMs = 1_000;

export type AgentLineDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
};

export type AgentAddress = { readonly address: Address; readonly token: string };

/** Asks until `signal` aborts, or the agent says that the Region stops. */
export async function followAgent(
  agent: AgentAddress,
  { clock, log, network }: AgentLineDoors,
  hooks: {
    readonly pid: number;
    readonly counters: () => Extract<GatewayQuestion, { readonly kind: "watch" }>["counters"];
    readonly heard: (answer: WatchAnswer) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  let after = 0;
  let isSilent = false;
  while (!signal.aborted) {
    try {
      const question = {
        kind: "watch",
        pid: hooks.pid,
        after,
        counters: hooks.counters(),
      } as const;
      const options = { token: agent.token, timeoutMs: answerMs };
      const message = encode(gatewayQuestion, question);
      const answer = decode(
        watchAnswer,
        "the agent's answer",
        await network.request(agent.address, message, options, signal),
      );
      after = answer.version;
      isSilent = false;
      hooks.heard(answer);
      if (answer.isLeaving) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      // Another agent numbers from the beginning.
      after = 0;
      if (!isSilent) log.warn("gateway.agent-silent", { error: describeError(error) });
      isSilent = true;
      await clock.sleep(retryMs, signal).catch(() => undefined);
    }
  }
}

/** Tells once. The agent gives up by itself what it does not hear of. */
export async function tellAgent(
  agent: AgentAddress,
  question: GatewayQuestion,
  { log, network }: AgentLineDoors,
  signal: AbortSignal,
): Promise<void> {
  try {
    const options = { token: agent.token, timeoutMs: outcomeMs };
    await network.request(agent.address, encode(gatewayQuestion, question), options, signal);
  } catch (error) {
    log.warn("gateway.outcome-not-told", { error: describeError(error) });
  }
}
