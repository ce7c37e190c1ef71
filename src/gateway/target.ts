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

/** @param session any number that stays the session's own */
export function targetOf(
  kind: TargetKind,
  route: Route | undefined,
  place: Place,
  session: number,
): Target {
  const writer = kind === "writer" ? writerTarget(route, place) : undefined;
  return writer ?? localTarget(route, session) ?? nowhere;
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

/** An instance here. Whoever was here before comes to the same one, so that what it has seen it sees again. */
function localTarget(route: Route | undefined, session: number): Target | undefined {
  const serving = route?.instances.filter(({ isServing }) => isServing) ?? [];
  const chosen = serving[session % Math.max(1, serving.length)] ?? route?.instances[0];
  if (chosen === undefined) return undefined;
  const { number, address } = chosen;
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
