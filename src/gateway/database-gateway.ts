/**
 * One database in one Region: where its writer and its readers are now, the connections to them, and what sessions
 * share. It follows the routes that the agent tells, and decides nothing about them.
 */
import type { Clock, Log } from "../env/env.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { newestTimeline } from "../model/fork.ts";
import type { GatewayLimits } from "../model/gateway.ts";
import type { DatabaseId, RegionId, SystemId } from "../model/region.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { Pulse } from "../std/pulse.ts";
import type { Secret } from "../std/secret.ts";
import { onAbort } from "../std/on-abort.ts";
import type { CatalogFacts, StatementBook } from "../sql/sql.ts";
import type { GatewayCounters, Hold, Route } from "../wire/gateway-protocol.ts";
import { pgError } from "../wire/postgres/error-response.ts";
import type { ScramKeys } from "../wire/postgres/scram-keys.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { CatalogWatch } from "./catalog-watch.ts";
import { CustomSettings } from "./custom-settings.ts";
import { decideRead, type ReadView, type WriterState } from "./decide-read.ts";
import { LoginReports } from "./login-reports.ts";
import { LocalQuestions } from "./local-questions.ts";
import { Notifications } from "./notifications.ts";
import { routeChange } from "./route-change.ts";
import { answers } from "./peer-probe.ts";
import { PreparedRegistry } from "./prepared-statements.ts";
import type { ServerConnection } from "./server-connection.ts";
import { openServer, type OpenerDoors } from "./server-opener.ts";
import { ServerPool, type Budget, type OpenResult } from "./server-pool.ts";
import type {
  Listener,
  ReadingSession,
  SessionCounts,
  SessionHome,
  SessionIdentity,
  TargetKind,
} from "./session-home.ts";
import { settleRead, type SettledRead } from "./settle-read.ts";
import type { TimelineKnowledge, Token } from "./token.ts";
import { poolClosedCode } from "./unit-runner.ts";
import { type WriteMark, WriteMarks } from "./write-marks.ts";
import { type HoldOutcome, WriterDoor } from "./writer-door.ts";

export type DatabaseGatewayDoors = OpenerDoors & {
  readonly clock: Clock;
  readonly log: Log;
  readonly book: StatementBook;
  readonly limits: GatewayLimits;
  readonly requestBytes: ByteBudget;
  /** Tells the agent what became of a hold. */
  readonly holdOutcome: (outcome: {
    readonly id: string;
    readonly isHeld: boolean;
    readonly because: string;
  }) => void;
  readonly cancel: (server: ServerConnection, at: Address) => void;
};

export type DatabaseGatewaySettings = {
  readonly database: DatabaseId;
  readonly region: RegionId;
  /** The gateways of other Regions as this one reaches them. */
  readonly peers: readonly { readonly region: RegionId; readonly address: Address }[];
};

/** 2 s: answers of the writer before, which held what came last and passes it on, may still be on their way. */
const formerWriterMs = 2_000;
/** 1 s: twice the longest pause between tries to reach it. Nobody tries while nobody needs it. */
const writerAwayMs = 1_000;
/** 5 s between measures of the round trip to the writer. */
const measureEveryMs = 5_000;
/** Of clients here, and of those that came from a peer. */
const warmHops = [1, 2];
/** Between tries to reach a server that is not there: 20 ms, doubled up to 500. */
const retryFirstMs = 20;
const retryMsMax = 500;

type Target = {
  readonly key: string;
  readonly address: Address;
  readonly isPeer: boolean;
  readonly isWriter: boolean;
};

export class DatabaseGateway implements SessionHome {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly book: StatementBook;
  readonly registry: PreparedRegistry;
  readonly requestBytes: ByteBudget;
  readonly door: WriterDoor;
  readonly counts: SessionCounts = {
    localReads: 0,
    writerReads: 0,
    writes: 0,
    commits: 0,
    errors: 0,
    replays: 0,
    writeMs: 0,
    readWaits: 0,
    readWaitMs: 0,
  };
  readonly questions: LocalQuestions;
  readonly catalog: CatalogWatch;
  readonly customSettings = new CustomSettings();
  readonly reports: LoginReports;
  readonly #doors: DatabaseGatewayDoors;
  readonly #settings: DatabaseGatewaySettings;
  readonly #end: AbortSignal;
  readonly #notifications: Notifications;
  readonly #pools = new Map<
    string,
    { readonly target: Target; readonly pool: ServerPool; readonly user: string }
  >();
  readonly #budgets = new Map<string, Budget>();
  readonly #keys = new Map<string, ScramKeys>();
  readonly #addresses = new WeakMap<ServerConnection, Address>();
  #parameters: ReadonlyMap<string, string> = new Map();
  readonly #parametersOf = new Map<string, ReadonlyMap<string, string>>();
  #route: Route | undefined;
  readonly #routeNews = new Pulse();
  readonly #marks: WriteMarks;
  #writerAwayAtMs = -Infinity;
  #measuredAtMs = -Infinity;
  #holds = 0;
  #holdMs = 0;

  constructor(
    settings: DatabaseGatewaySettings,
    superuser: { readonly user: string; readonly password: Secret },
    doors: DatabaseGatewayDoors,
    end: AbortSignal,
  ) {
    const { clock, limits, book } = doors;
    this.#doors = doors;
    this.#settings = settings;
    this.#end = end;
    this.clock = clock;
    this.limits = limits;
    this.book = book;
    this.requestBytes = doors.requestBytes;
    this.registry = new PreparedRegistry({
      statementsMax: limits.preparedStatementsMax,
      bytesMax: registryBytesMax,
    });
    this.door = new WriterDoor(
      clock,
      {
        tell: (outcome) => {
          if (outcome.isHeld) this.#holds += 1;
          doors.log.info("gateway.hold-settled", { database: settings.database, ...outcome });
          void this.#tellOutcome(outcome);
        },
        emptied: () => this.#closeIdleHere(),
        released: (heldMs) => (this.#holdMs += heldMs),
      },
      {
        waitingMax: limits.heldUnitsMax,
        waitingBytesMax: limits.heldBytesMax,
        drainMs: limits.drainMs,
      },
    );
    const login = { ...superuser, database: settings.database };
    this.questions = new LocalQuestions(login, { clock, limits }, end);
    const { questions } = this;
    this.catalog = new CatalogWatch({
      clock,
      log: doors.log,
      hasLocal: () => this.hasLocal,
      version: (signal) => questions.catalogVersion(signal),
      facts: (signal) => questions.facts(signal),
      replayed: (point, withinMs, signal) => questions.replay.waitFor(point, withinMs, signal),
      use: (facts) => this.#use(facts),
    });
    const position = (signal: AbortSignal): Promise<Token> =>
      this.questions.ownPosition(this.systemId, signal);
    this.#marks = new WriteMarks({ clock, position }, end);
    this.#notifications = new Notifications(login, { clock, log: doors.log }, end);
    this.reports = new LoginReports(this, clock, end);
    onAbort(end, () => this.#destroyAll());
  }

  get route(): Route | undefined {
    return this.#route;
  }

  get database(): DatabaseId {
    return this.#settings.database;
  }

  get systemId(): SystemId | undefined {
    return this.#route?.systemId;
  }

  get isWriterHere(): boolean {
    const route = this.#route;
    return route !== undefined && route.writer === this.#settings.region;
  }

  get hasLocal(): boolean {
    return this.#route?.instances.some(({ isServing }) => isServing) ?? false;
  }

  /** It is, and accepts writes: before its promotion it answers reads as the standby that it was. */
  get isWriterOpen(): boolean {
    return this.isWriterHere && this.#route?.acceptsWrites === true;
  }

  /** A writer here that may write now, by its lease on this machine's clock. */
  get mayWriteHere(): boolean {
    const route = this.#route;
    return route !== undefined && this.clock.monotonicMs() < route.leaseUntilMs;
  }

  /** What the agent says now. */
  follow(route: Route | undefined): void {
    const { isElsewhere, leavesFormer, isHeld } = routeChange(this.#route, route);
    this.#route = route;
    if (route && isElsewhere) {
      const { database, epoch, writer } = route;
      this.#doors.log.info("gateway.writer-known", { database, epoch, writer });
      this.reports.forget();
    }
    if (leavesFormer) this.#leaveFormer();
    if (isHeld && this.isWriterHere) this.#warmPeers();
    if (isElsewhere) this.catalog.moved();
    if (isElsewhere) this.#forgetRoundTrip();
    this.#routeNews.beat();
    this.questions.follow(route, this.isWriterHere ? undefined : this.#peerAddress());
    this.#notifications.follow(this.#writerTarget()?.address, this.isWriterHere);
    this.#marks.follow(this.#writerHere());
    this.door.follow(this.isWriterHere ? route?.hold : undefined);
  }

  /** What those are told by who were answered here. Without other Regions it moves nowhere, and nobody has to know. */
  #writerHere(): Parameters<WriteMarks["follow"]>[0] {
    const { epoch, systemId } = this.#route ?? {};
    const isMoving = this.isWriterHere && this.#settings.peers.length > 0;
    if (!isMoving || epoch === undefined || systemId === undefined) return undefined;
    const { timeline, forks } = this.timelines;
    return { epoch, line: { systemId, timeline: Math.max(timeline, newestTimeline(forks)) } };
  }

  /** The user's own login has proved these. */
  keep(user: string, keys: ScramKeys): void {
    this.#keys.set(user, keys);
  }

  #use(facts: CatalogFacts): void {
    this.book.use(facts);
    this.customSettings.add(facts.customSettings);
    this.registry.forgetMeanings();
  }

  parametersFor(user: string): ReadonlyMap<string, string> {
    return this.#parametersOf.get(user) ?? this.#parameters;
  }

  pool(kind: TargetKind, identity: SessionIdentity): ServerPool {
    const target = this.#target(kind, identity);
    return this.#poolOf(target, identity.user, target.isPeer ? (identity.peer?.hops ?? 0) + 1 : 0);
  }

  /** @param hops that a peer is told; 0 of a server here */
  #poolOf(target: Target, user: string, hops: number): ServerPool {
    const key = `${target.key} ${hops} ${user}`;
    const known = this.#pools.get(key);
    if (target.isWriter && !target.isPeer && !this.mayWriteHere) known?.pool.closeIdle();
    if (known && !known.pool.isClosed) return known.pool;
    // A standby that is promoted is the same server under another name.
    const place = formatAddress(target.address);
    const budget = this.#budgets.get(place) ?? { used: 0, max: this.limits.serverConnectionsMax };
    this.#budgets.set(place, budget);
    const pool = new ServerPool(
      {
        open: () => this.#open(target, user, hops),
        pause: (failures) => this.#pause(failures),
      },
      this.limits.poolSize,
      budget,
    );
    this.#pools.set(key, { target, pool, user });
    return pool;
  }

  describe(kind: TargetKind): string {
    const { database } = this.#settings;
    if (kind === "local") return `an instance of ${database} in ${this.#settings.region}`;
    return `the writer of ${database} in ${this.#route?.writer ?? "a Region that is not known yet"}`;
  }

  readAtOnce(session: ReadingSession): "local" | undefined {
    const { level, seen } = session;
    if (level === "eventual" || level === "off") return "local";
    if (level === "session" && seen.latest === undefined) return "local";
    const decision = decideRead({ ...this.#readView(session), asked: undefined });
    return decision.kind === "local" ? "local" : undefined;
  }

  settleRead(session: ReadingSession, signal: AbortSignal): Promise<SettledRead> {
    const { replay, position } = this.questions;
    this.#measureRoundTrip();
    return settleRead(
      {
        view: () => this.#readView(session),
        waitFor: (point, withinMs, until) => replay.waitFor(point, withinMs, until),
        learnt: (point) => replay.learnt(point),
        follow: (point) => replay.follow(point),
        writerPosition: (until) => position.read(until),
      },
      signal,
    );
  }

  async writerPosition(signal: AbortSignal): Promise<Token> {
    const token = await this.questions.ownPosition(this.systemId, signal);
    if (this.mayWriteHere) return token;
    throw new Failure("gateway.no-writer", `The lease of ${this.database} here is over`);
  }

  learnt(token: Token): void {
    this.questions.replay.learnt(token);
    this.#measureRoundTrip();
  }

  get timelines(): TimelineKnowledge {
    const route = this.#route;
    const { position } = this.questions.replay;
    return {
      systemId: route?.systemId ?? ("" as SystemId),
      forks: route?.forks ?? [],
      timeline: Math.max(route?.timeline ?? 0, position?.timeline ?? 0),
    };
  }

  mark(): WriteMark | undefined {
    return this.#marks.mark();
  }

  get isCatalogCurrent(): boolean {
    return this.catalog.isCurrent;
  }

  catalogChanged(token: Token | undefined): void {
    this.catalog.changed(token);
  }

  cancelAt(server: ServerConnection): void {
    const address = this.#addresses.get(server);
    if (address) this.#doors.cancel(server, address);
  }

  listen(channel: string, listener: Listener): Promise<void> {
    return this.#notifications.listen(channel, listener, this.#end);
  }

  unlisten(channel: string | undefined, listener: Listener): void {
    this.#notifications.unlisten(channel, listener);
  }

  /** Nothing is under way at a writer that is held: its last position is more than anybody here has seen. */
  async #tellOutcome(outcome: HoldOutcome): Promise<void> {
    if (outcome.isHeld) await this.#marks.settle();
    this.#doors.holdOutcome(outcome);
  }

  /** For the agent, and for people. */
  counters(sessions: number, pinned: number, rejected: number): GatewayCounters {
    return {
      ...this.counts,
      sessions,
      pinnedSessions: pinned,
      heldUnits: this.door.waiting,
      serverConnections: [...this.#pools.values()].reduce((sum, { pool }) => sum + pool.size, 0),
      rejectedSessions: rejected,
      holds: this.#holds,
      holdMs: this.#holdMs,
    };
  }

  pools(): readonly {
    readonly target: string;
    readonly user: string;
    readonly size: number;
    readonly idle: number;
    readonly waiting: number;
    readonly trouble: string | undefined;
  }[] {
    return [...this.#pools.values()].map(({ target, pool, user }) => ({
      target: target.key,
      user,
      size: pool.size,
      idle: pool.idle,
      waiting: pool.waiting,
      trouble: pool.trouble,
    }));
  }

  get hold(): Hold | undefined {
    return this.#route?.hold;
  }

  #readView({ level, seen }: ReadingSession): Omit<ReadView, "asked"> {
    const { replay, position } = this.questions;
    const known = this.timelines;
    seen.adopt(known);
    return {
      level,
      token: seen.latest,
      known,
      replay,
      writer: this.#writerState,
      writerRttMs: position.rttMs,
      limits: { consistencyTimeoutMs: this.limits.consistencyTimeoutMs, globalReads: "local" },
    };
  }

  /**
   * A gateway that is not there comes back, or the writer moves: until then what goes to it waits as in a hold, and a
   * read had better wait here. A hold of the writer's own Region is not known here; it is short.
   */
  get #writerState(): WriterState {
    if (this.#route === undefined) return "unreachable";
    const isRecent = this.clock.monotonicMs() - this.#writerAwayAtMs < writerAwayMs;
    if (!isRecent || this.isWriterHere) return "reachable";
    const pools = [...this.#pools.values()].filter(({ target }) => target.isWriter);
    return pools.every(({ pool }) => pool.size === 0) ? "held" : "reachable";
  }

  #forgetRoundTrip(): void {
    this.questions.position.forgetRtt();
    this.#measuredAtMs = -Infinity;
    this.#writerAwayAtMs = -Infinity;
  }

  /** While sessions have tokens: how long their reads may wait is a part of it. */
  #measureRoundTrip(): void {
    const nowMs = this.clock.monotonicMs();
    if (this.isWriterHere || nowMs - this.#measuredAtMs < measureEveryMs) return;
    this.#measuredAtMs = nowMs;
    const { position } = this.questions;
    const measure = async (): Promise<void> => {
      await position.read(this.#end);
      // The first question had to log in.
      if (position.rttMs === undefined) await position.read(this.#end);
    };
    measure().catch(() => undefined);
  }

  #target(kind: TargetKind, identity: SessionIdentity): Target {
    const writer = this.#writerTarget();
    if (kind === "writer" && writer) return writer;
    const route = this.#route;
    const serving = route?.instances.filter(({ isServing }) => isServing) ?? [];
    // Whoever was here before comes to the same instance, so that what it has seen it sees again.
    const chosen =
      serving[identity.key.processId % Math.max(1, serving.length)] ?? route?.instances[0];
    if (chosen === undefined) return nowhere;
    const { number, address } = chosen;
    return { key: `instance ${number}`, address, isPeer: false, isWriter: false };
  }

  #writerTarget(): Target | undefined {
    const route = this.#route;
    if (route === undefined) return undefined;
    if (this.isWriterHere) {
      const first = route.instances.find(({ number }) => number === 1);
      const key = `writer (epoch ${route.epoch})`;
      return first && { key, address: first.address, isPeer: false, isWriter: true };
    }
    const peer = this.#settings.peers.find(({ region }) => region === route.writer);
    return peer && targetOf(peer);
  }

  #peerAddress(): Address | undefined {
    return this.#settings.peers.find(({ region }) => region === this.#route?.writer)?.address;
  }

  async #open(target: Target, user: string, hops: number): Promise<OpenResult> {
    const keys = this.#keys.get(user);
    if (target === nowhere || keys === undefined) {
      return { kind: "unreachable", because: "it is not known yet where to go" };
    }
    const because = target.isWriter && !target.isPeer ? this.#whyClosed() : undefined;
    if (because !== undefined) return { kind: "unreachable", because };
    const { database, region } = this.#settings;
    const result = await openServer(
      target,
      {
        user,
        database: target.isPeer ? `${database}-rw` : database,
        credential: { kind: "keys", keys },
        parameters: new Map(target.isPeer ? [["leeward.peer", `${region}/${hops}`]] : []),
        mayPassOn: () => this.#mayPassOn(target),
      },
      this.#doors,
      this.#end,
    );
    if (target.isPeer) this.#writerAwayAtMs = this.#awayAtMs(result);
    if (result.kind === "open") {
      this.#addresses.set(result.server, target.address);
      this.#parameters = result.server.parameters;
      this.#parametersOf.set(user, result.server.parameters);
    }
    return result;
  }

  #awayAtMs({ kind }: OpenResult): number {
    return kind === "unreachable" ? this.clock.monotonicMs() : -Infinity;
  }

  /** Why nobody is let in to the writer here. */
  #whyClosed(): string | undefined {
    if (!this.mayWriteHere) return "the writer here has no lease now";
    if (!this.isWriterOpen) return "the writer here accepts no writes yet";
    return this.door.phase === "held" ? "the writer here is about to stop" : undefined;
  }

  /** Of a writer here: only under the very lease that it was opened for. */
  #mayPassOn(target: Target): boolean {
    if (!target.isWriter || target.isPeer) return true;
    return this.mayWriteHere && this.#writerTarget()?.key === target.key;
  }

  async #pause(failures: number): Promise<void> {
    const ms = Math.min(retryMsMax, retryFirstMs * 2 ** Math.min(failures - 1, 10));
    await pauseUntil(this.clock, this.#routeNews, this.clock.monotonicMs() + ms, this.#end);
  }

  /** The writer is somebody else: who waits for the old one is sent to the new one. */
  #leaveFormer(): void {
    const target = this.#writerTarget();
    for (const [key, one] of this.#pools) {
      // A writer here answers reads as well; its connections of before were a standby's.
      if (one.target.isPeer && this.#route?.hold) continue;
      const goesOn = one.target.isWriter ? one.target.key === target?.key : !this.isWriterOpen;
      if (goesOn) continue;
      this.#pools.delete(key);
      one.pool.close(poolClosed);
      void this.#destroyLater(one.pool, one.target);
    }
  }

  /** What is under way goes on as long as the former writer's gateway is there, which passes it on. */
  async #destroyLater(pool: ServerPool, { isPeer, address }: Target): Promise<void> {
    const isThere = (): Promise<boolean> =>
      answers(address, formerWriterMs, this.#doors, this.#end);
    let goesOn = isPeer;
    do {
      const slept = this.clock.sleep(formerWriterMs, this.#end).catch(() => undefined);
      goesOn &&= await isThere();
      await slept;
    } while (goesOn && pool.size > 0 && !this.#end.aborted);
    pool.destroy(poolClosed);
  }

  /** The writer is about to move to one of them: whoever waits for that is not to wait for logins through a link as well. */
  #warmPeers(): void {
    for (const { target: from, pool, user } of this.#pools.values()) {
      if (!from.isWriter || from.isPeer) continue;
      for (const peer of this.#settings.peers) {
        for (const hops of warmHops) this.#poolOf(targetOf(peer), user, hops).warm(pool.size);
      }
    }
  }

  #closeIdleHere(): void {
    for (const { target, pool } of this.#pools.values()) if (!target.isPeer) pool.closeIdle();
  }

  #destroyAll(): void {
    for (const { pool } of this.#pools.values()) pool.destroy(poolClosed);
    this.#pools.clear();
  }
}

/** 64 MiB of texts that clients have prepared. */
const registryBytesMax = 67_108_864;

/** Whatever epoch it is: that gateway knows by itself who writes. */
function targetOf({ region, address }: DatabaseGatewaySettings["peers"][number]): Target {
  return { key: `gateway of ${region}`, address, isPeer: true, isWriter: true };
}

const nowhere: Target = {
  key: "nowhere",
  address: { host: "", port: 0 },
  isPeer: false,
  isWriter: false,
};

const poolClosed = pgError({
  severity: "FATAL",
  code: poolClosedCode,
  message: "the writer is elsewhere now",
});
