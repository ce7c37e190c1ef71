/** Links of userland TCP: one listener for each route, one relay for each connection. */
import { isIPv4, type Server, type Socket } from "node:net";
import { formatAddress } from "../model/address.ts";
import type { LinkDirection, LinkEnd, LinkRoute, LinkTraffic } from "../model/link.ts";
import { assert } from "../std/assert.ts";
import { openConditions } from "./conditions.ts";
import { Direction } from "./direction.ts";
import type { Links } from "./link.ts";
import { closeListener, openListener } from "./listener.ts";
import { Relay, type RelayDoors } from "./relay.ts";

// 1024 connections of one route whose handshake is not over: a cut link keeps accepting, and clients that time
// out and try again must not fill the process. The oldest goes first; its client gave up long ago.
const pendingRelaysMax = 1024;

type Gate = { route: LinkRoute; readonly server: Server; readonly relays: Set<Relay> };

export class TcpLinks implements Links {
  readonly #doors: RelayDoors;
  readonly #directions = new Map<string, Direction>();
  /** By listening address. */
  readonly #gates = new Map<string, Gate>();
  /** Settles when the last change asked for is made. */
  #turn: Promise<void> = Promise.resolve();

  constructor(doors: RelayDoors) {
    this.#doors = doors;
  }

  apply(routes: readonly LinkRoute[], directions: readonly LinkDirection[]): Promise<void> {
    return this.#inTurn(() => this.#apply(routes, directions));
  }

  reset(from: LinkEnd, to: LinkEnd): number {
    let count = 0;
    for (const { route, relays } of this.#gates.values()) {
      const isBetween =
        (route.from === from && route.to === to) || (route.from === to && route.to === from);
      if (isBetween) count += resetAll(relays);
    }
    return count;
  }

  traffic(): LinkTraffic[] {
    return [...this.#directions.values()].map((direction) => direction.traffic);
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      for (const address of this.#gates.keys()) this.#closeGate(address);
      for (const direction of this.#directions.values()) direction.close();
    });
  }

  async #apply(routes: readonly LinkRoute[], directions: readonly LinkDirection[]): Promise<void> {
    for (const { listen, target, sourceHost, from, to } of routes) {
      assert(from !== to, `a route must lead from one end to another, not from ${from} to itself`);
      // Names would be looked up, and a wrong one would only show when somebody connects.
      for (const host of [listen.host, target.host, sourceHost ?? listen.host])
        assert(isIPv4(host), `a route is made of IPv4 addresses, not ${host}`);
    }
    const wanted = new Map(routes.map((route) => [formatAddress(route.listen), route]));
    for (const [address, { route }] of this.#gates) {
      const next = wanted.get(address);
      if (!next || !isSameWay(route, next)) this.#closeGate(address);
    }
    this.#setConditions(directions);
    const failures: unknown[] = [];
    for (const [address, route] of wanted) {
      const gate = this.#gates.get(address);
      if (gate) gate.route = route;
      else await this.#openGate(address, route).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  #setConditions(directions: readonly LinkDirection[]): void {
    const named = new Set(
      directions.map(({ from, to, conditions }) => {
        const direction = this.#direction(from, to);
        direction.change(conditions);
        return direction;
      }),
    );
    for (const direction of this.#directions.values())
      if (!named.has(direction)) direction.change(openConditions);
  }

  async #openGate(address: string, route: LinkRoute): Promise<void> {
    const relays = new Set<Relay>();
    const server = await openListener(route.listen, `${route.from} to ${route.to}`, {
      onConnection: (client) => this.#accept(address, client),
      onError: (error) =>
        this.#doors.log.warn("link.accept-failed", { address, because: error.message }),
    });
    this.#gates.set(address, { route, server, relays });
    this.#direction(route.from, route.to);
    this.#direction(route.to, route.from);
  }

  #closeGate(address: string): void {
    const gate = this.#gates.get(address);
    if (!gate) return;
    this.#gates.delete(address);
    closeListener(gate.server);
    resetAll(gate.relays);
  }

  #accept(address: string, client: Socket): void {
    const gate = this.#gates.get(address);
    if (!gate) {
      client.destroy();
      return;
    }
    const { route, relays } = gate;
    const there = this.#direction(route.from, route.to);
    const back = this.#direction(route.to, route.from);
    const relay = new Relay(client, { route, there, back }, this.#doors, () =>
      relays.delete(relay),
    );
    relays.add(relay);
    this.#boundPending(relays);
  }

  #boundPending(relays: ReadonlySet<Relay>): void {
    if (relays.size <= pendingRelaysMax) return;
    const pending = [...relays].filter((relay) => !relay.isEstablished);
    if (pending.length > pendingRelaysMax) pending[0]?.reset();
  }

  #direction(from: LinkEnd, to: LinkEnd): Direction {
    const key = `${from}→${to}`;
    let direction = this.#directions.get(key);
    if (!direction) {
      direction = new Direction(from, to, this.#doors);
      this.#directions.set(key, direction);
    }
    return direction;
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

function isSameWay(one: LinkRoute, other: LinkRoute): boolean {
  return one.from === other.from && one.to === other.to && one.flowClass === other.flowClass;
}

/** Returns how many there were. */
function resetAll(relays: ReadonlySet<Relay>): number {
  const all = [...relays];
  for (const relay of all) relay.reset();
  return all.length;
}
