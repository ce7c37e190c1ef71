import type { RegionId } from "./region.ts";

/** One end of a link. The controller stands outside the Regions and is reached through links, too. */
export type LinkEnd = RegionId | "controller";

/** What one direction of a link does to the bytes that cross it. */
export type LinkConditions = {
  /** The time this direction adds, in ms: half of the round trip. */
  readonly delayMs: number;
  /** Each piece is delayed by up to this much more, drawn at random; order within a flow is kept. */
  readonly jitterMs: number;
  /** Bits per second, shared fairly by all flows; undefined is unlimited. */
  readonly bandwidthBitsPerSecond: number | undefined;
  /** False is a black hole: bytes are neither delivered nor refused, connections stay open. */
  readonly isUp: boolean;
};

/** `from` → `to` is one direction; a link has two. */
export type LinkDirection = {
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  readonly conditions: LinkConditions;
};

/** Control flows (leases, commands, reports) go before data flows (replication, clones, SQL). */
export type FlowClass = "control" | "data";

/** One listening address of the network program and where it leads. */
export type LinkRoute = {
  /** The end whose programs connect here. */
  readonly from: LinkEnd;
  /** The end that the target stands in. */
  readonly to: LinkEnd;
  readonly flowClass: FlowClass;
  readonly listen: { readonly host: string; readonly port: number };
  readonly target: { readonly host: string; readonly port: number };
  /** The local address of the outgoing connection, so that the target sees where its client is; undefined lets the system choose. */
  readonly sourceHost: string | undefined;
};

/** What a link carried, per direction, since the network program started. */
export type LinkTraffic = {
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  readonly openFlows: number;
  readonly deliveredBytes: { readonly control: number; readonly data: number };
  readonly queuedBytes: number;
};
