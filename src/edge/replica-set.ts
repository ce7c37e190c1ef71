/** The replicas of one service in this Region: who runs, who is ready, who is next. */
import type { IncomingMessage } from "node:http";
import type { Address } from "../model/address.ts";
import type { HealthCheck, ServiceId } from "../model/service.ts";
import type { FrontFacts } from "../wire/traffic-protocol.ts";
import type { Balancer } from "./balancer.ts";
import { chooseReplica, usableReplicas } from "./choose-replica.ts";
import type { EdgeParts } from "./edge.ts";
import { Endpoint } from "./endpoint.ts";
import { unasked } from "./health-state.ts";
import { unavailable, type Refusal } from "./refusal.ts";
import { watchHealth } from "./watch-health.ts";

export type ReplicaSetMaking = {
  readonly service: ServiceId;
  readonly check: HealthCheck;
  readonly panicPercent: number;
  /** Names and values in turn, on each answer. */
  readonly headers: readonly string[];
};

export type RunningReplica = { readonly number: number; readonly address: Address };

type Member = RunningReplica & { readonly endpoint: Endpoint; readonly end: AbortController };

export class ReplicaSet implements Balancer {
  readonly rule = "entry";
  readonly asksEdges = false;
  readonly service: ServiceId;
  readonly #doors: EdgeParts;
  readonly #making: ReplicaSetMaking;
  #members: readonly Member[] = [];
  /** Those that have gone and still answer something, with their numbers. */
  readonly #leaving = new Map<Endpoint, number>();
  /** Of those that have gone. */
  #past = { served: 0, failed: 0 };
  #usable: readonly Endpoint[] = [];
  #turn = 0;
  #signal: AbortSignal | undefined;

  constructor(doors: EdgeParts, making: ReplicaSetMaking) {
    this.#doors = doors;
    this.#making = making;
    this.service = making.service;
  }

  /** Looks at the replicas from now on, until `signal` aborts. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    for (const member of this.#members) this.#watch(member);
  }

  /** A replica that is listed no more gets no new requests; what is under way to it goes on. */
  follow(replicas: readonly RunningReplica[]): void {
    const isSame = (a: RunningReplica, b: RunningReplica): boolean =>
      a.number === b.number &&
      a.address.host === b.address.host &&
      a.address.port === b.address.port;
    const kept = this.#members.filter((member) => replicas.some((now) => isSame(now, member)));
    const fresh = replicas
      .filter((now) => !this.#members.some((member) => isSame(now, member)))
      .map((now) => this.#enlist(now));
    const gone = this.#members.filter((member) => !kept.includes(member));
    if (fresh.length === 0 && gone.length === 0) return;
    this.#members = [...kept, ...fresh];
    for (const member of gone) this.#dismiss(member);
    this.#settle();
  }

  choose(_: IncomingMessage, tried: Endpoint | undefined): Endpoint | undefined {
    return this.pick(tried);
  }

  pick(tried: Endpoint | undefined): Endpoint | undefined {
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return chooseReplica(this.#usable, this.#turn, tried);
  }

  refusal(): Refusal {
    return unavailable("service-not-ready", `No replica of ${this.service} is ready here.`);
  }

  lost(endpoint: Endpoint, because: string): void {
    endpoint.lost(because);
  }

  headers(): readonly string[] {
    return this.#making.headers;
  }

  get ready(): number {
    return this.#members.filter(({ endpoint }) => endpoint.isReady).length;
  }

  /** Requests and connections under way. */
  get open(): number {
    this.#forgetIdle();
    return this.#sum(({ open }) => open);
  }

  /** Numbers of those that may get requests, and of those that have gone and still answer something. */
  get inUse(): readonly number[] {
    this.#forgetIdle();
    return [...this.#members.map(({ number }) => number), ...this.#leaving.values()];
  }

  facts(): FrontFacts["services"][number] {
    const { open, ready } = this;
    return {
      service: this.service,
      ready,
      isHealthy: ready > 0,
      because: this.#because(ready),
      open,
      served: this.#past.served + this.#sum(({ served }) => served),
      failed: this.#past.failed + this.#sum(({ failed }) => failed),
    };
  }

  #because(ready: number): string {
    if (this.#members.length === 0) return "no replica runs";
    const bad = this.#members.find(({ endpoint }) => !endpoint.isReady);
    const counted = `${ready} of ${this.#members.length} replicas are ready`;
    return bad === undefined
      ? counted
      : `${counted}; ${bad.endpoint.name}: ${bad.endpoint.because}`;
  }

  #sum(count: (endpoint: Endpoint) => number): number {
    let sum = 0;
    for (const { endpoint } of this.#members) sum += count(endpoint);
    for (const endpoint of this.#leaving.keys()) sum += count(endpoint);
    return sum;
  }

  #enlist(replica: RunningReplica): Member {
    const endpoint = new Endpoint({
      name: `${this.service}/${replica.number}`,
      address: replica.address,
      health: unasked(false),
      limits: this.#doors.limits,
      from: undefined,
      turned: (turned) => this.#turned(turned),
    });
    const member = { ...replica, endpoint, end: new AbortController() };
    this.#watch(member);
    return member;
  }

  #dismiss({ endpoint, end, number }: Member): void {
    end.abort();
    endpoint.connections.close();
    this.#leaving.set(endpoint, number);
  }

  #forgetIdle(): void {
    for (const endpoint of this.#leaving.keys()) if (endpoint.open === 0) this.#forget(endpoint);
  }

  #forget(endpoint: Endpoint): void {
    this.#leaving.delete(endpoint);
    this.#past.served += endpoint.served;
    this.#past.failed += endpoint.failed;
  }

  #watch({ endpoint, end }: Member): void {
    if (this.#signal === undefined) return;
    const signal = AbortSignal.any([this.#signal, end.signal]);
    void watchHealth(this.#doors, { endpoint, check: this.#making.check, from: undefined }, signal);
  }

  #turned(endpoint: Endpoint): void {
    if (this.#leaving.has(endpoint)) return;
    const { name, isReady, because } = endpoint;
    this.#doors.log.info("edge.replica-turned", { replica: name, isReady, because });
    this.#settle();
    if (!isReady) {
      endpoint.connections.closeIdle();
      endpoint.moveAllOn(because);
    }
  }

  #settle(): void {
    const endpoints = this.#members.map(({ endpoint }) => endpoint);
    this.#usable = usableReplicas(endpoints, this.#making.panicPercent);
    this.#doors.changed();
  }
}
