/**
 * The writer's side of the promises: when no controller answers, it asks the agents of all Regions that could be
 * promoted not to be, and goes on for as long as every one of them promises it (A15). Alone it goes on for nothing,
 * and is fenced; so a dead controller stops no writes, and an isolated primary does.
 *
 * Only a lease that is in hand is made longer: a writer that has lost it waits for the controller.
 */
import type { Clock, Log, Network } from "../env/env.ts";
import type { Assignment, PeerAgent } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { peerAnswer, peerQuestion } from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";
import type { Leases } from "./leases.ts";

/** 1.2 s: a report each second, and its answer across half the world. */
const silentMsMin = 1_200;
/** Two thirds of a lease: what is left then is enough for two rounds of questions. */
const freshShare = 2 / 3;
/** 1 s: then another round begins. */
const askTimeoutMs = 1_000;

export type FailsafeDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
  readonly leases: Leases;
  /** What the database's writer is now; undefined when it is not here, or may not go on. */
  readonly writer: (database: DatabaseId) => Assignment | undefined;
  readonly tokenFor: (peer: RegionId) => string | undefined;
  readonly tell: (event: NewEvent) => void;
};

/** How the controller was heard last. */
export type ControllerContact = { readonly silentMs: number; readonly hasFailed: boolean };

export class Failsafe {
  readonly #doors: FailsafeDoors;
  readonly #region: RegionId | undefined;
  /** Databases whose writer goes on by promises now. */
  readonly #entered = new Set<DatabaseId>();

  constructor(doors: FailsafeDoors, region: RegionId | undefined) {
    this.#doors = doors;
    this.#region = region;
  }

  /** To be called each second while a writer runs here. Settles when every Region that was asked has answered, or not. */
  async look(
    databases: readonly DatabaseId[],
    contact: ControllerContact,
    signal: AbortSignal,
  ): Promise<void> {
    await Promise.all(
      databases
        .filter((database) => this.#isNeeded(database, contact))
        .map((database) => this.#extend(database, signal)),
    );
  }

  controllerAnswered(): void {
    for (const database of this.#entered) {
      const message = `The controller answers again; the writer of ${database} has its lease from it.`;
      this.#tell("agent.failsafe-left", database, message);
    }
    this.#entered.clear();
  }

  #isNeeded(database: DatabaseId, { silentMs, hasFailed }: ControllerContact): boolean {
    const assignment = this.#doors.writer(database);
    const lease = this.#doors.leases.get(database);
    if (!assignment || lease?.ttlMs === undefined) return false;
    // Of a version that knew no promises, nobody said yet whom to ask.
    if (assignment.version === 0) return false;
    const leftMs = this.#doors.leases.leftMs(database, assignment.epoch);
    const isShort = leftMs > 0 && leftMs < lease.ttlMs * freshShare;
    return isShort && (hasFailed || silentMs > silentMsMin);
  }

  async #extend(database: DatabaseId, signal: AbortSignal): Promise<void> {
    const { clock, leases, writer } = this.#doors;
    const assignment = writer(database);
    const ttlMs = leases.get(database)?.ttlMs;
    if (!assignment || ttlMs === undefined) return;
    const { epoch, failsafe } = assignment;
    const asked = { database, epoch, ttlMs };
    const askedAtMs = clock.monotonicMs();
    const given = await Promise.all(failsafe.map((peer) => this.#ask(peer, asked, signal)));
    if (given.includes(false)) return;
    // In the meantime the controller may have said that somebody else has to be asked as well, or that it is over.
    const present = writer(database);
    const isCovered = present?.failsafe.every(({ region }) =>
      failsafe.some((peer) => peer.region === region),
    );
    if (present?.epoch !== epoch || !isCovered || leases.leftMs(database, epoch) === 0) return;
    leases.promised(asked, askedAtMs);
    if (this.#entered.has(database)) return;
    this.#entered.add(database);
    const names = failsafe.map(({ region }) => region).join(", ");
    const who = names === "" ? "no other Region could be promoted" : `promised by ${names}`;
    const message = `No lease comes from the controller; the writer of ${database} goes on: ${who}.`;
    this.#tell("agent.failsafe-entered", database, message);
  }

  async #ask(
    peer: PeerAgent,
    asked: {
      readonly database: DatabaseId;
      readonly epoch: Assignment["epoch"];
      readonly ttlMs: number;
    },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { log, network, tokenFor } = this.#doors;
    const token = tokenFor(peer.region);
    if (token === undefined) return false;
    try {
      const message = encode(peerQuestion, { kind: "promise", ...asked });
      const options = { token, timeoutMs: askTimeoutMs };
      const answered = await network.request(peer.address, message, options, signal);
      const answer = decode(peerAnswer, `the promise of ${peer.region}`, answered);
      if (answer.kind === "promise" && answer.isGiven) return true;
      log.warn("agent.promise-refused", { peer: peer.region, ...asked, answer });
    } catch (error) {
      if (!(error instanceof Failure) && !signal.aborted) throw error;
      log.debug("agent.promise-failed", { peer: peer.region, error: describeError(error) });
    }
    return false;
  }

  #tell(kind: string, database: DatabaseId, message: string): void {
    this.#doors.log.warn(kind, { database });
    this.#doors.tell({ kind, message, region: this.#region, database, details: {} });
  }
}
