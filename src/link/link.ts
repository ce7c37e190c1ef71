/**
 * The links between Regions, and between a Region and the controller. Everything that leaves a Region
 * crosses one of them, so what is done to a link is done to replication, to clones, to forwarded SQL and to
 * leases alike.
 */
import type { LinkDirection, LinkEnd, LinkRoute, LinkTraffic } from "../model/link.ts";

export interface Links {
  /**
   * Makes the world of links be this: opens and closes listeners, and changes conditions while connections
   * stay open. A direction that is not named adds nothing and is up. A route that is gone, or whose ends or class are others now,
   * resets its connections; one that only leads to another target keeps those it has. Idempotent; one call at a time, later ones wait.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`, after everything else was done; call again to retry
   */
  apply(routes: readonly LinkRoute[], directions: readonly LinkDirection[]): Promise<void>;
  /**
   * RST to both ends of every connection between the two, whichever opened it; not even a cut or a delay
   * holds it up. Returns how many connections that were.
   */
  reset(from: LinkEnd, to: LinkEnd): number;
  /** What each direction carried since it was first named; both directions of every route are there. */
  traffic(): LinkTraffic[];
  /** Stops listening and resets every connection: an end that looked orderly could pass for a whole stream. No timer or socket is left. */
  close(): Promise<void>;
}
