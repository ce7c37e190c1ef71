/** Somebody who takes requests: a replica, or a Region's edge. Its health, its counts, and what is under way to it. */
import type { Address } from "../model/address.ts";
import type { HealthCheck } from "../model/service.ts";
import {
  afterLoss,
  afterProbe,
  afterService,
  type HealthState,
  type ProbeAnswer,
} from "./health-state.ts";
import { LiveList, type Live } from "./live-list.ts";
import { UpstreamConnections, type UpstreamOptions } from "./upstream-connections.ts";

export type EndpointMaking = UpstreamOptions & {
  /** For people: a Region, or `webapp/2`. */
  readonly name: string;
  readonly address: Address;
  readonly health: HealthState;
  /** Told after its health has turned. */
  readonly turned: (endpoint: Endpoint) => void;
};

export class Endpoint {
  readonly name: string;
  readonly address: Address;
  readonly connections: UpstreamConnections;
  readonly #turned: (endpoint: Endpoint) => void;
  readonly #live = new LiveList();
  #health: HealthState;
  #wasReady = false;
  served = 0;
  failed = 0;
  rescued = 0;

  constructor(making: EndpointMaking) {
    this.name = making.name;
    this.address = making.address;
    this.connections = new UpstreamConnections(making.address, making);
    this.#health = making.health;
    this.#turned = making.turned;
  }

  get isReady(): boolean {
    return this.#health.isHealthy;
  }

  get wasReady(): boolean {
    return this.#wasReady;
  }

  get because(): string {
    return this.#health.because;
  }

  get open(): number {
    return this.#live.size;
  }

  enter(live: Live): void {
    this.#live.add(live);
  }

  /** May be called twice. */
  leave(live: Live): void {
    this.#live.remove(live);
  }

  probed(answer: ProbeAnswer, check: HealthCheck): void {
    this.#become(afterProbe(this.#health, answer, check));
  }

  /** A request found it closed, or lost its connection. */
  lost(because: string): void {
    this.#become(afterLoss(this.#health, because));
  }

  answered(): void {
    this.served += 1;
    this.#health = afterService(this.#health);
  }

  /** It is not believed to answer any more: what can go elsewhere does. */
  moveAllOn(because: string): void {
    for (const live of this.#live.snapshot()) live.moveOn(because);
  }

  abandonAll(because: string): void {
    for (const live of this.#live.snapshot()) live.abandon(because);
  }

  #become(next: HealthState): void {
    const hasTurned = next.isHealthy !== this.#health.isHealthy;
    this.#health = next;
    this.#wasReady ||= next.isHealthy;
    if (hasTurned) this.#turned(this);
  }
}
