/** What a Region's gateway has to know of one database: where its writer is, and what is here. Pure. */
import type { Assignment } from "../model/assignment.ts";
import type { LocalInstance, Route } from "../wire/gateway-protocol.ts";
import type { Lease } from "./leases.ts";

/** A route as the databases know it; a hold is the gateway's own affair, and its agent's. */
export type PlainRoute = Omit<Route, "hold">;

export type RouteView = {
  /** Of the first instance here; undefined while nobody has said what it is to be. */
  readonly assignment: Assignment | undefined;
  readonly instances: readonly LocalInstance[];
  /** Of the first instance, while it is known. */
  readonly timeline: number | undefined;
  readonly lease: Lease | undefined;
  /** The server of the first instance was killed, or is being killed, and none was started after it. */
  readonly isFenced: boolean;
  /** The first instance accepts writes. */
  readonly writesAreOpen: boolean;
};

/** Undefined while it is not known here who writes: then the gateway has nowhere to send a write. */
export function routeOf(view: RouteView): PlainRoute | undefined {
  const { assignment, instances, timeline, writesAreOpen } = view;
  if (assignment?.writer === undefined) return undefined;
  const { database, systemId, epoch, writer, isPromoted, forks } = assignment;
  return {
    database,
    systemId,
    epoch,
    writer,
    // Its own agent knows, a round trip earlier than the record that everybody is told of, and when it starts again.
    acceptsWrites: assignment.role === "primary" ? writesAreOpen : isPromoted,
    leaseUntilMs: leaseUntilMs(view, assignment),
    timeline,
    instances: [...instances],
    forks: [...forks],
  };
}

/** What a server that is being killed acknowledges from now on, nobody is told: it may be the last that it does. */
function leaseUntilMs(
  { lease, isFenced }: RouteView,
  { role, epoch }: Assignment,
): Route["leaseUntilMs"] {
  const counts = role === "primary" && lease?.epoch === epoch && !isFenced;
  return counts ? lease.untilMs : 0;
}
