/** What is known here for reads: of timelines, of the writer and how far away it is, and of what sessions have seen. */
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import { newestTimeline } from "../model/fork.ts";
import type { GatewayLimits } from "../model/gateway.ts";
import type { DatabaseId, SystemId } from "../model/region.ts";
import { findCommit, type CommitOutcome } from "./commit-certainty.ts";
import type { Witness } from "./commit-witness.ts";
import type { CurrentRoute } from "./current-route.ts";
import { decideRead, type ReadView, type WriterState } from "./decide-read.ts";
import type { LocalQuestions } from "./local-questions.ts";
import type { RouteChange } from "./route-change.ts";
import type { ServerPools } from "./server-pools.ts";
import type { ReadingSession } from "./session-home.ts";
import { settleRead, type SettledRead } from "./settle-read.ts";
import type { TimelineKnowledge, Token } from "./token.ts";
import { WriteMarks, type WriteMark } from "./write-marks.ts";

export type ReadPathDoors = {
  readonly clock: Clock;
  readonly limits: Pick<GatewayLimits, "consistencyTimeoutMs" | "holdMs">;
  readonly questions: Pick<LocalQuestions, "replay" | "position" | "ownPosition" | "hasCommit">;
  readonly pools: Pick<ServerPools, "isWriterAway">;
};

/** 5 s between measures of the round trip to the writer. */
const measureEveryMs = 5_000;

export class ReadPath {
  readonly #database: DatabaseId;
  readonly #route: CurrentRoute;
  readonly #doors: ReadPathDoors;
  readonly #end: AbortSignal;
  readonly #marks: WriteMarks;
  #measuredAtMs = -Infinity;

  constructor(database: DatabaseId, route: CurrentRoute, doors: ReadPathDoors, end: AbortSignal) {
    this.#database = database;
    this.#route = route;
    this.#doors = doors;
    this.#end = end;
    const position = (signal: AbortSignal): Promise<Token> => this.#ownPosition(signal);
    this.#marks = new WriteMarks({ clock: doors.clock, position }, end);
  }

  /** The route is another one; whom to ask has followed it. */
  follow({ isElsewhere }: RouteChange): void {
    if (isElsewhere) {
      this.#doors.questions.position.forgetRtt();
      this.#measuredAtMs = -Infinity;
    }
    this.#marks.follow(this.#writerHere());
  }

  /** Where a read goes, without waiting; undefined when that has to be found out. */
  readAtOnce(session: ReadingSession): "local" | undefined {
    const { level, seen } = session;
    if (level === "eventual" || level === "off") return "local";
    if (level === "session" && seen.latest === undefined) return "local";
    const decision = decideRead({ ...this.#view(session), asked: undefined });
    return decision.kind === "local" ? "local" : undefined;
  }

  settleRead(session: ReadingSession, signal: AbortSignal): Promise<SettledRead> {
    const { replay, position } = this.#doors.questions;
    this.#measureRoundTrip();
    return settleRead(
      {
        view: () => this.#view(session),
        waitFor: (point, withinMs, until) => replay.waitFor(point, withinMs, until),
        learnt: (point) => replay.learnt(point),
        follow: (point) => replay.follow(point),
        writerPosition: (until) => position.read(until),
      },
      signal,
    );
  }

  /** The writer's position now, with the right of the present lease. @throws Failure */
  async writerPosition(signal: AbortSignal): Promise<Token> {
    const token = await this.#ownPosition(signal);
    if (this.#route.mayWriteHere) return token;
    throw new Failure("gateway.no-writer", `The lease of ${this.#database} here is over`);
  }

  /** What became of a commit whose answer was lost. Rejects with the signal's reason alone. */
  findCommit(witness: Witness, signal: AbortSignal): Promise<CommitOutcome> {
    const { clock, limits, questions } = this.#doors;
    const doors = {
      clock,
      news: this.#route.news,
      known: () => this.timelines,
      writerPosition: (until: AbortSignal) =>
        this.#route.isWriterHere ? this.writerPosition(until) : questions.position.read(until),
      waitFor: questions.replay.waitFor.bind(questions.replay),
      hasCommit: questions.hasCommit.bind(questions),
    };
    return findCommit(witness, doors, { ms: limits.holdMs, signal });
  }

  /** A session was told a token. */
  learnt(token: Token): void {
    this.#doors.questions.replay.learnt(token);
    this.#measureRoundTrip();
  }

  get timelines(): TimelineKnowledge {
    const route = this.#route.now;
    const { position } = this.#doors.questions.replay;
    return {
      systemId: route?.systemId ?? ("" as SystemId),
      forks: route?.forks ?? [],
      timeline: Math.max(route?.timeline ?? 0, position?.timeline ?? 0),
    };
  }

  /** For a session that the writer here has answered. */
  mark(): WriteMark | undefined {
    return this.#marks.mark();
  }

  /** Finds out the position for all marks so far. Never rejects. */
  settleMarks(): Promise<void> {
    return this.#marks.settle();
  }

  /** What those are told by who were answered here. Without other Regions it moves nowhere, and nobody has to know. */
  #writerHere(): Parameters<WriteMarks["follow"]>[0] {
    const { epoch, systemId } = this.#route.now ?? {};
    const isMoving = this.#route.isWriterHere && this.#route.place.peers.length > 0;
    if (!isMoving || epoch === undefined || systemId === undefined) return undefined;
    const { timeline, forks } = this.timelines;
    return { epoch, line: { systemId, timeline: Math.max(timeline, newestTimeline(forks)) } };
  }

  #ownPosition(signal: AbortSignal): Promise<Token> {
    return this.#doors.questions.ownPosition(this.#route.now?.systemId, signal);
  }

  #view({ level, seen }: ReadingSession): Omit<ReadView, "asked"> {
    const { questions, limits } = this.#doors;
    const known = this.timelines;
    seen.adopt(known);
    return {
      level,
      token: seen.latest,
      known,
      replay: questions.replay,
      writer: this.#writerState(),
      writerRttMs: questions.position.rttMs,
      limits: { consistencyTimeoutMs: limits.consistencyTimeoutMs, globalReads: "local" },
    };
  }

  /**
   * A gateway that is not there comes back, or the writer moves: until then what goes to it waits as in a hold, and a
   * read had better wait here. A hold of the writer's own Region is not known here; it is short.
   */
  #writerState(): WriterState {
    if (this.#route.now === undefined) return "unreachable";
    return this.#doors.pools.isWriterAway ? "held" : "reachable";
  }

  /** While sessions have tokens: how long their reads may wait is a part of it. */
  #measureRoundTrip(): void {
    const nowMs = this.#doors.clock.monotonicMs();
    if (this.#route.isWriterHere || nowMs - this.#measuredAtMs < measureEveryMs) return;
    this.#measuredAtMs = nowMs;
    const { position } = this.#doors.questions;
    const measure = async (): Promise<void> => {
      await position.read(this.#end);
      // The first question had to log in.
      if (position.rttMs === undefined) await position.read(this.#end);
    };
    measure().catch(() => undefined);
  }
}
