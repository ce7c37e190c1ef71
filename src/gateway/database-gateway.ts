/**
 * One database in one Region: where its writer and its readers are now, the connections to them, and what sessions
 * share. It follows the routes that the agent tells, and decides nothing about them.
 */
import type { Clock, Log } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import type { GatewayLimits } from "../model/gateway.ts";
import type { DatabaseId, SystemId } from "../model/region.ts";
import type { Secret } from "../std/secret.ts";
import type { CatalogFacts, StatementBook } from "../sql/sql.ts";
import type { GatewayCounters, Route } from "../wire/gateway-protocol.ts";
import type { ScramKeys } from "../wire/postgres/scram-keys.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { CommitOutcome } from "./commit-certainty.ts";
import type { Witness } from "./commit-witness.ts";
import { CatalogWatch } from "./catalog-watch.ts";
import { CurrentRoute } from "./current-route.ts";
import { CustomSettings } from "./custom-settings.ts";
import { LocalQuestions } from "./local-questions.ts";
import { LoginReports } from "./login-reports.ts";
import { Notifications } from "./notifications.ts";
import { PreparedRegistry } from "./prepared-statements.ts";
import { ReadPath } from "./read-path.ts";
import type { ServerConnection } from "./server-connection.ts";
import { ServerLogins } from "./server-logins.ts";
import type { OpenerDoors } from "./server-opener.ts";
import type { ServerPool } from "./server-pool.ts";
import { ServerPools, type PoolState } from "./server-pools.ts";
import type {
  Listener,
  ReadingSession,
  SessionCounts,
  SessionHome,
  SessionIdentity,
  TargetKind,
} from "./session-home.ts";
import type { SettledRead } from "./settle-read.ts";
import type { Place } from "./target.ts";
import type { TimelineKnowledge, Token } from "./token.ts";
import type { WriteMark } from "./write-marks.ts";
import { type HoldOutcome, WriterDoor } from "./writer-door.ts";

export type DatabaseGatewayDoors = OpenerDoors & {
  readonly clock: Clock;
  readonly log: Log;
  readonly book: StatementBook;
  readonly limits: GatewayLimits;
  readonly requestBytes: ByteBudget;
  readonly findsCommits: boolean;
  /** Tells the agent what became of a hold. */
  readonly holdOutcome: (outcome: HoldOutcome) => void;
  readonly cancel: (server: ServerConnection, at: Address) => void;
};

export type DatabaseGatewaySettings = Place & {
  readonly database: DatabaseId;
  readonly superuser: { readonly user: string; readonly password: Secret };
};

/** 64 MiB of texts that clients have prepared. */
const registryBytesMax = 67_108_864;

export class DatabaseGateway implements SessionHome {
  readonly database: DatabaseId;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly book: StatementBook;
  readonly registry: PreparedRegistry;
  readonly requestBytes: ByteBudget;
  #findsCommits: boolean;
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
  readonly #end: AbortSignal;
  readonly #route: CurrentRoute;
  readonly #notifications: Notifications;
  readonly #logins: ServerLogins;
  readonly #pools: ServerPools;
  readonly #reads: ReadPath;
  #holds = 0;
  #holdMs = 0;

  constructor(settings: DatabaseGatewaySettings, doors: DatabaseGatewayDoors, end: AbortSignal) {
    const { clock, log, limits, book, sockets } = doors;
    const { database } = settings;
    this.#doors = doors;
    this.#end = end;
    this.database = database;
    this.clock = clock;
    this.limits = limits;
    this.book = book;
    this.requestBytes = doors.requestBytes;
    this.#findsCommits = doors.findsCommits;
    this.registry = new PreparedRegistry({
      statementsMax: limits.preparedStatementsMax,
      bytesMax: registryBytesMax,
    });
    this.#route = new CurrentRoute(settings, clock);
    this.door = this.#openDoor();
    const login = { ...settings.superuser, database };
    this.questions = new LocalQuestions(login, { clock, limits }, end);
    this.catalog = this.#watchCatalog(this.questions);
    const isHeld = (): boolean => this.door.phase === "held";
    const logins = new ServerLogins(database, this.#route, { ...doors, isHeld }, end);
    const pools = new ServerPools(this.#route, { clock, sockets, logins, limits }, end);
    const readDoors = { clock, limits, questions: this.questions, pools };
    this.#logins = logins;
    this.#pools = pools;
    this.#reads = new ReadPath(database, this.#route, readDoors, end);
    this.#notifications = new Notifications(login, { clock, log }, end);
    this.reports = new LoginReports(this, clock, end);
  }

  get route(): Route | undefined {
    return this.#route.now;
  }

  get systemId(): SystemId | undefined {
    return this.#route.now?.systemId;
  }

  get isWriterHere(): boolean {
    return this.#route.isWriterHere;
  }

  get isWriterOpen(): boolean {
    return this.#route.isWriterOpen;
  }

  get mayWriteHere(): boolean {
    return this.#route.mayWriteHere;
  }

  get hasLocal(): boolean {
    return this.#route.hasLocal;
  }

  /** What the agent says now. */
  follow(route: Route | undefined): void {
    const change = this.#route.follow(route);
    if (route && change.isElsewhere) this.#writerKnown(route);
    this.#pools.follow(change);
    if (change.isElsewhere) this.catalog.moved();
    const { writer, isWriterHere } = this.#route;
    this.questions.follow(route, writer?.isPeer ? writer.address : undefined);
    const isClosed = isWriterHere && !this.#route.isWriterOpen;
    this.#notifications.follow(isClosed ? undefined : writer?.address, isWriterHere);
    this.#reads.follow(change);
    this.door.follow(isWriterHere ? route?.hold : undefined);
  }

  /** The user's own login has proved these. */
  keep(user: string, keys: ScramKeys): void {
    this.#logins.keep(user, keys);
  }

  parametersFor(user: string): ReadonlyMap<string, string> {
    return this.#logins.parametersFor(user);
  }

  pool(kind: TargetKind, identity: SessionIdentity): ServerPool {
    return this.#pools.pool(kind, identity);
  }

  describe(kind: TargetKind): string {
    const { now, place } = this.#route;
    if (kind === "local") return `an instance of ${this.database} in ${place.region}`;
    return `the writer of ${this.database} in ${now?.writer ?? "a Region that is not known yet"}`;
  }

  readAtOnce(session: ReadingSession): "local" | undefined {
    return this.#reads.readAtOnce(session);
  }

  settleRead(session: ReadingSession, signal: AbortSignal): Promise<SettledRead> {
    return this.#reads.settleRead(session, signal);
  }

  writerPosition(signal: AbortSignal): Promise<Token> {
    return this.#reads.writerPosition(signal);
  }

  get findsCommits(): boolean {
    return this.#findsCommits;
  }

  cannotFindCommits(because: string): void {
    this.#findsCommits = false;
    this.#doors.log.warn("gateway.commits-not-found", { database: this.database, because });
  }

  findCommit(witness: Witness, signal: AbortSignal): Promise<CommitOutcome> {
    return this.#reads.findCommit(witness, signal);
  }

  learnt(token: Token): void {
    this.#reads.learnt(token);
  }

  get timelines(): TimelineKnowledge {
    return this.#reads.timelines;
  }

  mark(): WriteMark | undefined {
    return this.#reads.mark();
  }

  get isCatalogCurrent(): boolean {
    return this.catalog.isCurrent;
  }

  catalogChanged(token: Token | undefined): void {
    this.catalog.changed(token);
  }

  cancelAt(server: ServerConnection): void {
    const address = this.#logins.addressOf(server);
    if (address) this.#doors.cancel(server, address);
  }

  listen(channel: string, listener: Listener): Promise<void> {
    return this.#notifications.listen(channel, listener, this.#end);
  }

  unlisten(channel: string | undefined, listener: Listener): void {
    this.#notifications.unlisten(channel, listener);
  }

  /** For the agent, and for people. */
  counters(sessions: number, pinned: number, rejected: number): GatewayCounters {
    return {
      ...this.counts,
      sessions,
      pinnedSessions: pinned,
      heldUnits: this.door.waiting,
      serverConnections: this.#pools.size,
      rejectedSessions: rejected,
      holds: this.#holds,
      holdMs: this.#holdMs,
    };
  }

  /** For people. */
  pools(): readonly PoolState[] {
    return this.#pools.states;
  }

  #openDoor(): WriterDoor {
    const { clock, limits } = this.#doors;
    return new WriterDoor(
      clock,
      {
        tell: (outcome) => void this.#tellOutcome(outcome),
        emptied: () => this.#pools.closeIdleHere(),
        released: (heldMs) => (this.#holdMs += heldMs),
      },
      {
        waitingMax: limits.heldUnitsMax,
        waitingBytesMax: limits.heldBytesMax,
        drainMs: limits.drainMs,
      },
    );
  }

  #watchCatalog(questions: LocalQuestions): CatalogWatch {
    const { clock, log } = this.#doors;
    return new CatalogWatch({
      clock,
      log,
      hasLocal: () => this.hasLocal,
      version: (signal) => questions.catalogVersion(signal),
      facts: (signal) => questions.facts(signal),
      replayed: (point, withinMs, signal) => questions.replay.waitFor(point, withinMs, signal),
      use: (facts) => this.#use(facts),
    });
  }

  #use(facts: CatalogFacts): void {
    this.book.use(facts);
    this.customSettings.add(facts.customSettings);
    this.registry.forgetMeanings();
  }

  #writerKnown({ database, epoch, writer }: Route): void {
    this.#doors.log.info("gateway.writer-known", { database, epoch, writer });
    this.reports.forget();
  }

  /** Nothing is under way at a writer that is held: its last position is more than anybody here has seen. */
  async #tellOutcome(outcome: HoldOutcome): Promise<void> {
    if (outcome.isHeld) this.#holds += 1;
    this.#doors.log.info("gateway.hold-settled", { database: this.database, ...outcome });
    if (outcome.isHeld) await this.#reads.settleMarks();
    this.#doors.holdOutcome(outcome);
  }
}
