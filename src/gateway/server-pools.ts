/**
 * The connections of one database: a pool for each user at each target. When the writer moves, who waits for the former
 * one is sent to the new one, while what is under way there may end.
 */
import type { ByteSockets } from "../env/byte-socket.ts";
import type { Clock } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { formatAddress } from "../model/address.ts";
import type { GatewayLimits } from "../model/gateway.ts";
import { onAbort } from "../std/on-abort.ts";
import { pgError } from "../wire/postgres/error-response.ts";
import type { CurrentRoute } from "./current-route.ts";
import { answers } from "./peer-probe.ts";
import type { RouteChange } from "./route-change.ts";
import type { ServerLogins } from "./server-logins.ts";
import { poolClosedCode, ServerPool, type Budget, type OpenResult } from "./server-pool.ts";
import type { SessionIdentity, TargetKind } from "./session-home.ts";
import { peerTarget, type Target } from "./target.ts";

export type ServerPoolsDoors = {
  readonly clock: Clock;
  readonly sockets: ByteSockets;
  readonly logins: Pick<ServerLogins, "open">;
  readonly limits: Pick<GatewayLimits, "poolSize" | "serverConnectionsMax">;
};

/** For people. */
export type PoolState = {
  readonly target: string;
  readonly user: string;
  readonly size: number;
  readonly idle: number;
  readonly waiting: number;
  readonly trouble: string | undefined;
};

/** 2 s: answers of the writer before, which held what came last and passes it on, may still be on their way. */
const formerWriterMs = 2_000;
/** 1 s: twice the longest pause between tries to reach it. Nobody tries while nobody needs it. */
const writerAwayMs = 1_000;
/** Of clients here, and of those that came from a peer. */
const warmHops = [1, 2];
/** Between tries to reach a server that is not there: 20 ms, doubled up to 500. */
const retryFirstMs = 20;
const retryMsMax = 500;

const poolClosed = pgError({
  severity: "FATAL",
  code: poolClosedCode,
  message: "the writer is elsewhere now",
});

type Entry = { readonly target: Target; readonly pool: ServerPool; readonly user: string };

export class ServerPools {
  readonly #route: CurrentRoute;
  readonly #doors: ServerPoolsDoors;
  readonly #end: AbortSignal;
  /** By target, and for each by login. */
  readonly #pools = new Map<string, Map<string, Entry>>();
  /** By address. */
  readonly #budgets = new Map<string, Budget>();
  #writerAwayAtMs = -Infinity;

  constructor(route: CurrentRoute, doors: ServerPoolsDoors, end: AbortSignal) {
    this.#route = route;
    this.#doors = doors;
    this.#end = end;
    onAbort(end, () => this.#destroyAll());
  }

  /** The pool to take a connection from now. */
  pool(kind: TargetKind, identity: SessionIdentity): ServerPool {
    const target = this.#route.target(kind, identity);
    return this.#poolOf(target, identity.user, target.isPeer ? (identity.peer?.hops ?? 0) + 1 : 0);
  }

  /** The route is another one. */
  follow({ leavesFormer, isHeld, isElsewhere }: RouteChange): void {
    if (leavesFormer) this.#leaveFormer();
    if (isHeld && this.#route.isWriterHere) this.#warmPeers();
    if (isElsewhere) this.#writerAwayAtMs = -Infinity;
  }

  /** A writer in another Region did not answer lately, and no connection to it is left. */
  get isWriterAway(): boolean {
    const isRecent = this.#doors.clock.monotonicMs() - this.#writerAwayAtMs < writerAwayMs;
    if (!isRecent || this.#route.isWriterHere) return false;
    const toWriter = this.#entries().filter(({ target }) => target.isWriter);
    return toWriter.every(({ pool }) => pool.size === 0);
  }

  /** Connections in all pools. */
  get size(): number {
    return this.#entries().reduce((sum, { pool }) => sum + pool.size, 0);
  }

  get states(): readonly PoolState[] {
    return this.#entries().map(({ target, pool, user }) => ({
      target: target.key,
      user,
      size: pool.size,
      idle: pool.idle,
      waiting: pool.waiting,
      trouble: pool.trouble,
    }));
  }

  /** Closes what nobody uses, of servers here. */
  closeIdleHere(): void {
    for (const { target, pool } of this.#entries()) if (!target.isPeer) pool.closeIdle();
  }

  #entries(): readonly Entry[] {
    return [...this.#pools.values()].flatMap((pools) => [...pools.values()]);
  }

  /** @param hops that a peer is told; 0 of a server here */
  #poolOf(target: Target, user: string, hops: number): ServerPool {
    // Of a server here always 0, of a peer never.
    const login = hops === 0 ? user : `${hops} ${user}`;
    const known = this.#pools.get(target.key)?.get(login);
    if (target.isWriter && !target.isPeer && !this.#route.mayWriteHere) known?.pool.closeIdle();
    if (known && !known.pool.isClosed) return known.pool;
    const pool = new ServerPool(
      {
        open: () => this.#open(target, user, hops),
        pause: (failures) => this.#pause(failures),
      },
      this.#doors.limits.poolSize,
      this.#budgetOf(target),
    );
    // Nobody closes it later.
    if (this.#end.aborted) pool.close(poolClosed);
    const pools = this.#pools.get(target.key) ?? new Map<string, Entry>();
    this.#pools.set(target.key, pools.set(login, { target, pool, user }));
    return pool;
  }

  /** By address: a standby that is promoted is the same server under another name. */
  #budgetOf({ address }: Target): Budget {
    const key = formatAddress(address);
    const budget = this.#budgets.get(key) ?? {
      used: 0,
      max: this.#doors.limits.serverConnectionsMax,
    };
    this.#budgets.set(key, budget);
    return budget;
  }

  async #open(target: Target, user: string, hops: number): Promise<OpenResult> {
    const result = await this.#doors.logins.open(target, user, hops);
    if (target.isPeer) {
      const isAway = result.kind === "unreachable";
      this.#writerAwayAtMs = isAway ? this.#doors.clock.monotonicMs() : -Infinity;
    }
    return result;
  }

  async #pause(failures: number): Promise<void> {
    const { clock } = this.#doors;
    const ms = Math.min(retryMsMax, retryFirstMs * 2 ** Math.min(failures - 1, 10));
    await pauseUntil(clock, this.#route.news, clock.monotonicMs() + ms, this.#end);
  }

  /** The writer is somebody else: who waits for the old one is sent to the new one. */
  #leaveFormer(): void {
    for (const { target, pool } of this.#entries()) {
      if (this.#route.stillServes(target)) continue;
      this.#pools.delete(target.key);
      pool.close(poolClosed);
      void this.#destroyLater(pool, target);
    }
  }

  /** What is under way goes on as long as the former writer's gateway is there, which passes it on. */
  async #destroyLater(pool: ServerPool, { isPeer, address }: Target): Promise<void> {
    const { clock } = this.#doors;
    const isThere = (): Promise<boolean> =>
      answers(address, formerWriterMs, this.#doors, this.#end);
    let goesOn = isPeer;
    do {
      const slept = clock.sleep(formerWriterMs, this.#end).catch(() => undefined);
      goesOn &&= await isThere();
      await slept;
    } while (goesOn && pool.size > 0 && !this.#end.aborted);
    pool.destroy(poolClosed);
  }

  /** The writer is about to move to one of them: whoever waits for that is not to wait for logins through a link as well. */
  #warmPeers(): void {
    for (const { target: from, pool, user } of this.#entries()) {
      if (!from.isWriter || from.isPeer) continue;
      for (const peer of this.#route.place.peers) {
        for (const hops of warmHops) this.#poolOf(peerTarget(peer), user, hops).warm(pool.size);
      }
    }
  }

  #destroyAll(): void {
    for (const { pool } of this.#entries()) pool.destroy(poolClosed);
    this.#pools.clear();
  }
}
