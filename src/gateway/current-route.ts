/** What the agent said last of one database, and what follows from it at this moment. */
import type { Clock } from "../env/env.ts";
import { Pulse } from "../std/pulse.ts";
import type { Route } from "../wire/gateway-protocol.ts";
import { routeChange, type RouteChange } from "./route-change.ts";
import type { SessionIdentity, TargetKind } from "./session-home.ts";
import {
  isWriterAt,
  isWriterOpenAt,
  stillServes,
  targetOf,
  targetsOf,
  type Place,
  type Target,
  type Targets,
} from "./target.ts";

export class CurrentRoute {
  readonly place: Place;
  /** Beats when the agent has said something. */
  readonly news = new Pulse();
  readonly #clock: Clock;
  #now: Route | undefined;
  #targets: Targets;

  constructor(place: Place, clock: Clock) {
    this.place = place;
    this.#clock = clock;
    this.#targets = targetsOf(undefined, place);
  }

  get now(): Route | undefined {
    return this.#now;
  }

  /** What the agent says now. */
  follow(route: Route | undefined): RouteChange {
    const change = routeChange(this.#now, route);
    this.#now = route;
    this.#targets = targetsOf(route, this.place);
    this.news.beat();
    return change;
  }

  get isWriterHere(): boolean {
    return isWriterAt(this.#now, this.place);
  }

  /** It is, and accepts writes. */
  get isWriterOpen(): boolean {
    return isWriterOpenAt(this.#now, this.place);
  }

  /** A writer here that may write now, by its lease on this machine's clock. */
  get mayWriteHere(): boolean {
    return this.#now !== undefined && this.#clock.monotonicMs() < this.#now.leaseUntilMs;
  }

  /** An instance here answers. */
  get hasLocal(): boolean {
    return this.#targets.hasLocal;
  }

  get writer(): Target | undefined {
    return this.#targets.writer;
  }

  target(kind: TargetKind, { key }: SessionIdentity): Target {
    return targetOf(kind, this.#targets, key.processId);
  }

  /** Whether connections to a target of before are good for what comes now. */
  stillServes(target: Target): boolean {
    return stillServes(target, this.#now, this.place);
  }

  /** Why nobody is let in to the writer here; undefined when its route says nothing against it. */
  get whyClosed(): string | undefined {
    if (!this.mayWriteHere) return "the writer here has no lease now";
    return this.isWriterOpen ? undefined : "the writer here accepts no writes yet";
  }

  /** What a server acknowledges counts. Of a writer here: only under the very lease that it was opened for. */
  mayPassOn(target: Target): boolean {
    if (!target.isWriter || target.isPeer) return true;
    return this.mayWriteHere && this.writer?.key === target.key;
  }
}
