/** One passage of a unit through one server: what was sent, and what of the answer the client has seen. */
import type { PgError } from "../wire/postgres/error-response.ts";
import { backend } from "../wire/postgres/message-types.ts";
import { isStalePlan, refusalOf } from "./refusal.ts";
import type { ReplyScript } from "./reply-script.ts";
import type { Meaning, Unit } from "./unit.ts";

/** Where a unit can be tried again: at the writer, or at the same server once it has prepared the statement anew. */
export type RetryPlace = "elsewhere" | "here";

/** 16 KiB: what is kept back of an answer until it is clear that the server does not refuse the statement. */
const heldBackBytesMax = 16_384;

/** Messages after which a standby can refuse no more, or which are themselves the answer. */
export const endsHoldBack: ReadonlySet<number> = new Set([
  backend.commandComplete,
  backend.emptyQueryResponse,
  backend.portalSuspended,
  backend.copyInResponse,
  backend.copyOutResponse,
  backend.errorResponse,
  backend.functionCallResponse,
]);

const nothing: readonly Buffer[] = [];

export class UnitPass {
  readonly script: ReplyScript | undefined;
  readonly startedAtMs: number;
  /** A commit and nothing else, sent as one, of a transaction that can be recognised. */
  readonly isCommit: boolean;
  /** The server's error, its SQLSTATE, when it gave one. */
  errorCode: string | undefined;
  errorMessage = "";
  /** Something of the answer has left for the client: the unit cannot be tried again anywhere. */
  hasAnswered = false;
  /** The server refused it, and nobody was told: it can be tried elsewhere. */
  isRefused = false;
  /** A statement that the server prepared returns something else by now. */
  hasStalePlan = false;
  /** The server takes COPY data, and ignores every Sync until they have ended. */
  isCopyIn = false;
  #unit: Unit;
  #meaning: Meaning;
  readonly #mayRetry: ReadonlySet<RetryPlace>;
  #isHeldBack: boolean;
  #heldBack: Buffer[] | undefined;
  #heldBytes = 0;

  constructor(
    unit: Unit,
    meaning: Meaning,
    sent: {
      readonly script: ReplyScript | undefined;
      readonly startedAtMs: number;
      /** A refusal is to be kept from the client, where it is one of these. */
      readonly mayRetry: ReadonlySet<RetryPlace>;
      /** Nothing is passed on before its result: without that it can be answered from here. */
      readonly isCommit: boolean;
    },
  ) {
    this.#unit = unit;
    this.#meaning = meaning;
    this.#mayRetry = sent.mayRetry;
    this.script = sent.script;
    this.startedAtMs = sent.startedAtMs;
    this.isCommit = sent.isCommit;
    this.#isHeldBack = sent.mayRetry.size > 0 || sent.isCommit;
  }

  get unit(): Unit {
    return this.#unit;
  }

  get meaning(): Meaning {
    return this.#meaning;
  }

  /** More of it has been sent, in the same server and as one with what came before. */
  extend(unit: Unit, meaning: Meaning): void {
    const before = this.#unit;
    this.#unit = {
      ...unit,
      statements: [...before.statements, ...unit.statements],
      executed: [...before.executed, ...unit.executed],
      replaced: [...before.replaced, ...unit.replaced],
      forgotten: before.forgotten ?? unit.forgotten,
    };
    this.#meaning = {
      ...this.#meaning,
      effects: [...this.#meaning.effects, ...meaning.effects],
      count: this.#meaning.count + meaning.count,
    };
  }

  get isHeldBack(): boolean {
    return this.#isHeldBack;
  }

  /** Keeps a copy; answers false when there is no more room, and everything has to go. */
  holdBack(bytes: Buffer): boolean {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > heldBackBytesMax) return false;
    this.#heldBack ??= [];
    this.#heldBack.push(Buffer.from(bytes));
    return true;
  }

  /** From now on everything passes; answers what was kept, in order. */
  letGo(): readonly Buffer[] {
    const kept = this.#heldBack;
    this.#isHeldBack = false;
    this.#heldBack = undefined;
    return kept ?? nothing;
  }

  /** Takes note of the server's error. True: nobody is to hear of it, because the unit can be tried again. */
  failed(error: PgError): boolean {
    this.errorCode = error.code;
    this.errorMessage = error.message;
    this.hasStalePlan = isStalePlan(error);
    const place = this.hasStalePlan ? "here" : "elsewhere";
    if (!this.#isHeldBack || !this.#mayRetry.has(place)) return false;
    if (place === "elsewhere" && refusalOf(error) === undefined) return false;
    this.isRefused = true;
    this.#heldBack = undefined;
    return true;
  }
}
