/** Where a connection leads, by what the agent said last. Pure. */
import type { Address } from "../model/address.ts";
import type { RegionId } from "../model/region.ts";
import type { Route } from "../wire/gateway-protocol.ts";
import type { TargetKind } from "./session-home.ts";

/** A server here, or the gateway of another Region. What has the same key is the same. */
export type Target = {
  /** People see it in the console, too. */
  readonly key: string;
  readonly address: Address;
  readonly isPeer: boolean;
  readonly isWriter: boolean;
};

/** A gateway of another Region as this one reaches it. */
export type Peer = { readonly region: RegionId; readonly address: Address };

/** Where a gateway is. */
export type Place = { readonly region: RegionId; readonly peers: readonly Peer[] };

/** What waits for it waits until a route is known. */
export const nowhere: Target = {
  key: "nowhere",
  address: { host: "", port: 0 },
  isPeer: false,
  isWriter: false,
};

/** Where everything leads under one route: found once, and looked at by every unit. */
export type Targets = {
  readonly writer: Target | undefined;
  /** Instances here that answer. While none does, the first one, which is waited for. */
  readonly local: readonly Target[];
  /** One of them answers. */
  readonly hasLocal: boolean;
};

export function targetsOf(route: Route | undefined, place: Place): Targets {
  const serving = route?.instances.filter(({ isServing }) => isServing) ?? [];
  const chosen = serving.length > 0 ? serving : (route?.instances.slice(0, 1) ?? []);
  return {
    writer: writerTarget(route, place),
    local: chosen.map(localTarget),
    hasLocal: serving.length > 0,
  };
}

/**
 * Whoever was here before comes to the same instance, so that what it has seen it sees again.
 * @param session any number that stays the session's own
 */
export function targetOf(kind: TargetKind, { writer, local }: Targets, session: number): Target {
  if (kind === "writer" && writer !== undefined) return writer;
  return (local.length > 1 ? local[session % local.length] : local[0]) ?? nowhere;
}

/** Undefined while it is not known, or cannot be reached from here. */
export function writerTarget(route: Route | undefined, place: Place): Target | undefined {
  if (route === undefined) return undefined;
  if (isWriterAt(route, place)) {
    const first = route.instances.find(({ number }) => number === 1);
    const key = `writer (epoch ${route.epoch})`;
    return first && { key, address: first.address, isPeer: false, isWriter: true };
  }
  const peer = place.peers.find(({ region }) => region === route.writer);
  return peer && peerTarget(peer);
}

/** Whatever epoch it is: that gateway knows by itself who writes. */
export function peerTarget({ region, address }: Peer): Target {
  return { key: `gateway of ${region}`, address, isPeer: true, isWriter: true };
}

function localTarget({ number, address }: Route["instances"][number]): Target {
  return { key: `instance ${number}`, address, isPeer: false, isWriter: false };
}

/** The writer's Region is this one, whether it may write now or not. */
export function isWriterAt(route: Route | undefined, { region }: Place): boolean {
  return route !== undefined && route.writer === region;
}

/** It accepts writes, too: before its promotion it answers reads as the standby that it was. */
export function isWriterOpenAt(route: Route | undefined, place: Place): boolean {
  return isWriterAt(route, place) && route?.acceptsWrites === true;
}

/** Whether connections to a target of before are good for what comes now. */
export function stillServes(target: Target, route: Route | undefined, place: Place): boolean {
  // Made ready for the move that this hold is for.
  if (target.isPeer && route?.hold) return true;
  if (target.isWriter) return target.key === writerTarget(route, place)?.key;
  // A writer here answers reads as well; its connections of before were a standby's.
  return !isWriterOpenAt(route, place);
}
