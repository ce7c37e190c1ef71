/** Who takes a request: replicas of a service, Regions behind the global entry, origins of a distribution. */
import type { IncomingMessage } from "node:http";
import type { Endpoint } from "./endpoint.ts";
import type { RetryRule } from "./may-retry.ts";
import type { Refusal } from "./refusal.ts";

export interface Balancer {
  readonly rule: RetryRule;
  /** Those that it chooses are edges: only their marks (`refusal.ts`) count, since an application could pass one on. */
  readonly asksEdges: boolean;
  /** @param tried failed already for this request; undefined: the first attempt */
  choose(request: IncomingMessage, tried: Endpoint | undefined): Endpoint | undefined;
  /** What to say when nobody can be chosen. */
  refusal(): Refusal;
  /** The connection of a request broke, before its answer or (`isAnswering`) in the middle of it. */
  lost(endpoint: Endpoint, because: string, isAnswering: boolean): void;
  /** Names and values in turn, for the client. */
  headers(endpoint: Endpoint, tried: Endpoint | undefined): readonly string[];
}

/** Sees a whole answer pass by. */
export interface Onlooker {
  /** False: it does not want the rest. */
  began(status: number, headers: readonly string[]): boolean;
  passed(piece: Buffer): void;
  ended(): void;
}
