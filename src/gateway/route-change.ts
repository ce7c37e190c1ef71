/** What is different for a gateway between what its agent said before and what it says now. Pure. */
import type { Route } from "../wire/gateway-protocol.ts";

export type RouteChange = {
  /** The writer is somebody else, or of another epoch. */
  readonly isElsewhere: boolean;
  /** Connections that led somewhere before may lead nowhere now. */
  readonly leavesFormer: boolean;
  /** A hold has begun. */
  readonly isHeld: boolean;
};

export function routeChange(before: Route | undefined, now: Route | undefined): RouteChange {
  const elsewhere = isElsewhere(before, now);
  const [heldBefore, held] = [before?.hold?.id, now?.hold?.id];
  const isReleased = heldBefore !== undefined && held === undefined;
  return {
    isElsewhere: elsewhere,
    leavesFormer: elsewhere || isReleased || before?.acceptsWrites !== now?.acceptsWrites,
    isHeld: held !== undefined && held !== heldBefore,
  };
}

function isElsewhere(before: Route | undefined, now: Route | undefined): boolean {
  return before?.epoch !== now?.epoch || before?.writer !== now?.writer;
}
