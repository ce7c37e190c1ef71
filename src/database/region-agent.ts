/**
 * The Region's side of the databases: takes the controller's instructions, commands and leases, has one keeper for
 * each instance, fences what must not go on, and speaks with the agents of the other Regions.
 */
import type { Clock, Files, Json, Log, Network } from "../env/env.ts";
import type { WriteGate } from "../engine/write-gate.ts";
import type { Address } from "../model/address.ts";
import type { Assignment, Command } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { CommandProgress, LeaseHolding, Role } from "../model/instance.ts";
import type { ControllerTerm, DatabaseId, InstanceId, RegionId } from "../model/region.ts";
import type { Postgres } from "../postgres/postgres.ts";
import { unreachable } from "../std/assert.ts";
import {
  peerAnswer,
  peerQuestion,
  type CommandsAnswer,
  type PeerAnswer,
  type ReportAnswer,
} from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";
import type { GatewayFacts } from "../wire/gateway-protocol.ts";
import { AgentEvents } from "./agent-events.ts";
import { CommandJournal, type Extent } from "./command-journal.ts";
import { ControllerLine, type Report } from "./controller-line.ts";
import { Failsafe } from "./failsafe.ts";
import { FenceWatch } from "./fence-watch.ts";
import { InstanceKeeper, type KeeperHooks } from "./instance-keeper.ts";
import type { LeaseBoard } from "./lease-board.ts";
import { Leases } from "./leases.ts";
import { Peers, type Peer } from "./peers.ts";
import { Promises } from "./promises.ts";
import { routeOf, type PlainRoute } from "./route.ts";

/** 500 ms between looks at a controller that is silent: a round of promises takes as long as a link's round trip. */
const failsafeEveryMs = 500;
/** 1.25 s without an answer: when to look at all. A report goes out each second. */
const silentMsMin = 1_250;

export type AgentDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
  readonly files: Files;
  readonly board: LeaseBoard;
  /** The door to each instance; made once. */
  readonly postgresOf: (id: InstanceId) => Postgres;
  /** Where an instance of this Region listens. */
  readonly addressOf: (id: InstanceId) => Address;
  /** Where the writes of this Region's clients to a database pass; made once for each. */
  readonly gateOf: (database: DatabaseId) => WriteGate;
  readonly gateway: GatewayDoor;
};

/** The Region's gateway, as far as the databases have to do with it. */
export type GatewayDoor = {
  /** `routes` may be something else by now. */
  readonly routesChanged: () => void;
  /** For the controller; undefined where there is none. */
  readonly facts: () => GatewayFacts | undefined;
};

export type AgentSettings = {
  /** All of one Region. */
  readonly instances: readonly InstanceId[];
  readonly controller: Address;
  readonly token: string;
  readonly peers: readonly Peer[];
  readonly statePath: string;
};

/** What load balancers ask about a database's first instance here. */
export type DatabaseView = {
  readonly role: Role | undefined;
  readonly isServing: boolean;
  readonly hasLease: boolean;
  readonly leaseLeftMs: number;
  readonly timeline: number | undefined;
  /** A secondary's: what it has received and not replayed. */
  readonly lagBytes: number | undefined;
};

type Instructions = Pick<ReportAnswer, "assignments" | "leases"> & {
  readonly term: ControllerTerm;
};

export class RegionAgent {
  readonly #doors: AgentDoors;
  readonly #settings: AgentSettings;
  readonly #journal: CommandJournal;
  readonly #leases: Leases;
  readonly #promises: Promises;
  readonly #events = new AgentEvents();
  readonly #peers: Peers;
  readonly #line: ControllerLine;
  readonly #failsafe: Failsafe;
  readonly #fences: FenceWatch;
  readonly #keepers: readonly InstanceKeeper[];
  /** The last instructions could not be kept on disk. */
  #isCramped = false;
  #signal = new AbortController().signal;

  constructor(doors: AgentDoors, settings: AgentSettings) {
    this.#doors = doors;
    this.#settings = settings;
    const { clock, log, network, board, gateway } = doors;
    const journal = new CommandJournal(doors.files, settings.statePath);
    this.#journal = journal;
    const epochOf = journal.epochOf.bind(journal);
    this.#leases = new Leases({ clock, log, board, epochOf, changed: gateway.routesChanged });
    this.#promises = new Promises(clock, journal);
    this.#peers = new Peers({ clock, log, network }, settings.peers);
    this.#line = new ControllerLine({ clock, log, network }, settings, {
      report: () => this.#report(),
      answered: (answer, sent, askedAtMs) => this.#answered(answer, sent, askedAtMs),
      commanded: (answer, askedAtMs) => this.#commanded(answer, askedAtMs),
    });
    this.#failsafe = new Failsafe(
      {
        clock,
        log,
        network,
        leases: this.#leases,
        writer: (database) => this.#writerOf(database),
        tokenFor: (region) => this.#peers.tokenFor(region),
        tell: (event) => this.#events.add(event),
      },
      this.#region,
    );
    this.#fences = new FenceWatch({
      clock,
      leases: this.#leases,
      writers: () => this.#writers(),
    });
    this.#keepers = settings.instances.map((id) => this.#keeper(id));
    this.#assign();
  }

  /** Keeps the Region until `signal` aborts. The servers go on running; `leave` stops them. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await Promise.all([
      this.#fences.run(signal),
      ...this.#keepers.map((keeper) => keeper.run(signal)),
      this.#line.run(signal),
      this.#watchController(signal),
      this.#peers.run(() => this.#hasGlobal(), signal),
    ]);
  }

  /** Stops every server cleanly and says so once more to the controller. Leases end meanwhile as ever. */
  async leave(signal: AbortSignal): Promise<void> {
    const left = new AbortController();
    const fencing = this.#fences.run(left.signal);
    await Promise.allSettled(this.#keepers.map((keeper) => keeper.leave(signal)));
    left.abort(new Error("nothing runs any more"));
    await fencing;
    await this.#line.report(signal).catch(() => undefined);
  }

  /** Answers the agent of another Region. @throws Failure `network.message-invalid` */
  async handlePeer(peer: RegionId, message: Json, _signal: AbortSignal): Promise<Json> {
    const asked = decode(peerQuestion, `a question of ${peer}`, message);
    const answer = ((): PeerAnswer => {
      switch (asked.kind) {
        case "ping":
          return { kind: "pong" };
        case "promise":
          return this.#promises.answer(asked);
        default:
          return unreachable(asked);
      }
    })();
    if (answer.kind === "promise")
      this.#doors.log.debug("agent.promise-asked", { peer, ...answer });
    return encode(peerAnswer, answer);
  }

  /** Something happened in the Region that belongs in the archive; it goes with the next report. */
  tell(event: NewEvent): void {
    this.#events.add(event);
    this.#line.reportSoon();
  }

  view(database: DatabaseId): DatabaseView | undefined {
    const keeper = this.#find({ database, number: 1 });
    if (!keeper) return undefined;
    const { role, state, epoch, position } = keeper.report();
    const leaseLeftMs = epoch === undefined ? 0 : this.#leases.leftMs(database, epoch);
    const isBehind = role === "secondary" && position !== undefined;
    return {
      role,
      isServing: state.kind === "serving",
      hasLease: role === "primary" && leaseLeftMs > 0,
      leaseLeftMs,
      timeline: position?.timeline,
      lagBytes: isBehind ? Number(position.flushedLsn - position.replayedLsn) : undefined,
    };
  }

  /** What the Region's gateway is to know now. */
  routes(): readonly PlainRoute[] {
    return this.#databases().flatMap((database) => {
      const keepers = this.#keepers.filter(({ id }) => id.database === database);
      const first = keepers.find(({ id }) => id.number === 1);
      if (!first) return [];
      const instances = keepers.map(({ id, isReadable }) => ({
        number: id.number,
        address: this.#doors.addressOf(id),
        isServing: isReadable,
      }));
      const route = routeOf({
        ...first.routeView,
        instances,
        lease: this.#leases.get(database),
      });
      return route ? [route] : [];
    });
  }

  #keeper(id: InstanceId): InstanceKeeper {
    const { clock, log, postgresOf, addressOf, gateOf } = this.#doors;
    const postgres = postgresOf(id);
    const gate = gateOf(id.database);
    return new InstanceKeeper(
      id,
      { clock, log, postgres, gate, address: addressOf(id) },
      this.#hooksFor(id),
      this.#journal.commands(id),
    );
  }

  #hooksFor(id: InstanceId): KeeperHooks {
    const { database, number } = id;
    // The first instance of a Region is its only possible writer; the others have no part in its lease.
    const ifFirst = (act: () => void) => (): void => {
      if (number === 1) act();
    };
    return {
      arm: ifFirst(() => this.#leases.arm(database)),
      disarm: ifFirst(() => this.#leases.disarm(database)),
      changed: () => {
        this.#doors.gateway.routesChanged();
        this.#line.reportSoon();
      },
      lookAtFences: () => {
        this.#doors.gateway.routesChanged();
        this.#fences.look();
      },
      noteCommand: (progress) => this.#journal.note(id, progress),
      tellCommand: (progress) => void this.#line.tell(id, progress, this.#signal),
      leaseLeftMs: () => this.#leaseLeftMs(id),
      lease: () => this.#holding(id),
      askForLease: () => this.#line.reportSoon(),
      handedOver: () => this.#journal.handedOver(id),
      noteHandOver: (mark) => this.#journal.noteHandOver(database, mark),
      seal: (seal, signal) => this.#promises.seal(database, seal, signal),
      tell: (event) => this.#events.add(event),
    };
  }

  get #region(): RegionId | undefined {
    return this.#settings.instances[0]?.region;
  }

  #leaseLeftMs(id: InstanceId): number {
    const assignment = this.#journal.assignment(id);
    return assignment ? this.#leases.leftMs(id.database, assignment.epoch) : 0;
  }

  #holding(id: InstanceId): LeaseHolding | undefined {
    const leftMs = this.#leaseLeftMs(id);
    const lease = this.#leases.get(id.database);
    return lease && leftMs > 0 ? { leftMs, from: lease.from } : undefined;
  }

  #writers(): ReturnType<ConstructorParameters<typeof FenceWatch>[0]["writers"]> {
    return this.#keepers
      .filter(({ mayWrite }) => mayWrite)
      .map((keeper) => ({
        database: keeper.id.database,
        assignment: keeper.assignment,
        fence: (because) => keeper.fence(because),
      }));
  }

  /** What the writer that runs here is; undefined when there is none, or it was stopped for an operation. */
  #writerOf(database: DatabaseId): Assignment | undefined {
    const keeper = this.#find({ database, number: 1 });
    const { assignment } = keeper ?? {};
    const goesOn = keeper?.mayWrite === true && this.#journal.handedOver(keeper.id) === undefined;
    return goesOn && assignment?.role === "primary" ? assignment : undefined;
  }

  /** Only a global database has an agent elsewhere that could be asked, or a secondary that streams across a link. */
  #hasGlobal(): boolean {
    return this.#journal.assignments.some(
      ({ failsafe, upstream, slots }) =>
        failsafe.length > 0 ||
        upstream !== undefined ||
        slots.some(({ region }) => region !== this.#region),
    );
  }

  #report(): Report {
    return {
      instances: this.#keepers.map((keeper) => keeper.report()),
      evidence: this.#keepers.flatMap(({ evidence }) => [...evidence]),
      peers: this.#hasGlobal() ? [...this.#peers.silences()] : [],
      gateway: this.#doors.gateway.facts(),
      events: [...this.#events.next()],
    };
  }

  #answered(answer: ReportAnswer, sent: Report, askedAtMs: number): void {
    if (answer.isTaken) this.#events.taken(sent.events);
    if (this.#heed(answer, askedAtMs, "everything") === undefined) {
      this.#failsafe.controllerAnswered();
    }
  }

  #commanded(answer: CommandsAnswer, askedAtMs: number): void {
    const obstacle = this.#heed(answer, askedAtMs, "news");
    for (const command of answer.commands) {
      // What was begun before goes on, and says itself what becomes of it.
      if (obstacle && !this.#find(command)?.knows(command)) this.#refuse(command, obstacle);
      else this.#take(command);
    }
  }

  /**
   * Obeys, if it can be kept: what is not on disk is not obeyed, and brings no lease (I2). A disk without room for it
   * is no reason to fall silent; the answer is what stands in the way.
   */
  #heed(given: Instructions, askedAtMs: number, extent: Extent): Failure | undefined {
    try {
      this.#obey(given, askedAtMs, extent);
    } catch (error) {
      if (!(error instanceof Failure) || !cannotKeep(error)) throw error;
      if (!this.#isCramped) this.#tellCramped(error);
      this.#isCramped = true;
      return error;
    }
    this.#isCramped = false;
    return undefined;
  }

  #tellCramped(error: Failure): void {
    const because = describeError(error);
    this.#doors.log.error("agent.cannot-keep", { error: because });
    const region = this.#region;
    const message = `The agent of ${region ?? "a Region"} cannot keep what it is told, so that it obeys nothing new: ${because}.`;
    const details = { because };
    this.#events.add({ kind: "agent.cannot-keep", message, region, database: undefined, details });
  }

  /** What to be, before the lease for it: a lease counts only for the epoch that is known. */
  #obey({ term, assignments, leases }: Instructions, askedAtMs: number, extent: Extent): void {
    for (const { database, epoch, version } of this.#journal.obey(term, assignments, extent)) {
      this.#doors.log.warn("agent.assignment-refused", { database, epoch, version });
    }
    this.#leases.take(leases, askedAtMs);
    this.#assign();
    for (const keeper of this.#keepers) keeper.leaseCame();
  }

  #assign(): void {
    for (const keeper of this.#keepers) keeper.assign(this.#journal.assignment(keeper.id));
  }

  #take(command: Command): void {
    const keeper = this.#find(command);
    if (!keeper) return;
    try {
      this.#journal.admit(command);
      keeper.obey(command);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#refuse(command, error);
    }
  }

  /** Nobody waits for what is not done. The next command is made from what is true by then. */
  #refuse(command: Command, reason: Failure): void {
    const { id } = command;
    const because = describeError(reason);
    this.#doors.log.warn("agent.command-refused", { id, error: because });
    const told: CommandProgress = { id, outcome: "failed", because, result: undefined };
    void this.#line.tell(command, told, this.#signal);
  }

  /** While no lease comes from the controller, writers here ask the other Regions for promises. */
  async #watchController(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    while (!signal.aborted) {
      const { contact: heard } = this.#line;
      // A lease that cannot be taken is as good as none that is given.
      const contact = { ...heard, hasFailed: heard.hasFailed || this.#isCramped };
      const isSilent = contact.hasFailed || contact.silentMs >= silentMsMin;
      if (isSilent) await this.#failsafe.look(this.#databases(), contact, signal);
      // An operation may make this Region a writer with the next answer; its lease should be whole.
      if (this.#journal.assignments.some(({ operation }) => operation !== undefined)) {
        this.#line.freshen();
      }
      const waitMs = isSilent ? failsafeEveryMs : silentMsMin - contact.silentMs;
      await clock.sleep(Math.max(0, waitMs), signal).catch(() => undefined);
    }
  }

  #databases(): readonly DatabaseId[] {
    return [...new Set(this.#keepers.map(({ id }) => id.database))];
  }

  #find({ database, number }: Pick<InstanceId, "database" | "number">): InstanceKeeper | undefined {
    return this.#keepers.find(({ id }) => id.database === database && id.number === number);
  }
}

/** The journal's disk is full, or cannot be written. */
function cannotKeep({ code }: Failure): boolean {
  return code === "disk.full" || code === "state.not-writable";
}
