/** Carries out what a session is told when its server is lost under it. */
import { unreachable } from "../std/assert.ts";
import { encodeError, type PgError } from "../wire/postgres/error-response.ts";
import type { CommitWitness, Witness } from "./commit-witness.ts";
import {
  commitLost,
  decideLoss,
  inDoubtCode,
  outcomeUnknown,
  type LossView,
} from "./decide-loss.ts";
import { encodeAnswer } from "./local-answer.ts";
import { tellReady, type SessionContext } from "./session-context.ts";
import type { Status } from "./session-transaction.ts";
import type { UnitPass } from "./unit-pass.ts";
import type { Meaning, Unit } from "./unit.ts";

/** What was under way at the server. */
export type Lost = {
  readonly because: string;
  readonly pass: UnitPass | undefined;
  /** What the client has been sent ends inside a message. */
  readonly isInsideMessage: boolean;
};

export class ServerLoss {
  readonly #context: SessionContext;
  readonly #witness: CommitWitness | undefined;
  readonly #retry: () => void;
  #isFindingOut = false;

  /** @param retry asks the unit again, elsewhere */
  constructor(context: SessionContext, witness: CommitWitness | undefined, retry: () => void) {
    this.#context = context;
    this.#witness = witness;
    this.#retry = retry;
  }

  /** The client waits until it is known what became of its commit. */
  get isFindingOut(): boolean {
    return this.#isFindingOut;
  }

  tell(lost: Lost): void {
    const { output, state } = this.#context;
    const decision = decideLoss(this.#viewOf(lost));
    const witness = this.#witness?.now;
    this.#witness?.forget();
    state.pins.clear();
    switch (decision.kind) {
      case "cut":
        return output.finish(undefined);
      case "end":
        return output.finish(decision.error);
      case "remember":
        return state.transaction.lose(lost.because);
      case "nothing":
        return;
      case "retry":
        return this.#retry();
      case "find-out":
        if (lost.pass && witness) void this.#findOut(lost.pass, witness, lost.because);
        return;
      case "error":
        return this.#tellError(decision.error, decision.status, lost.because);
      default:
        unreachable(decision);
    }
  }

  #tellError(error: PgError, status: Status, because: string): void {
    const { home, identity, output } = this.#context;
    const isInDoubt = error.code === inDoubtCode;
    // The client's own gateway can find it out: it is told no more than that the server is gone.
    if (isInDoubt && home.findsCommits && identity.peer) return output.finish(undefined);
    this.#endInError(error, status, because);
  }

  #viewOf({ because, pass, isInsideMessage }: Lost): LossView {
    const { transaction, pins } = this.#context.state;
    return {
      because,
      isInTransaction: transaction.phase.kind === "open" || transaction.phase.kind === "failed",
      isPinned: pins.size > 0,
      isInsideMessage,
      unit: pass && {
        hasAnswered: pass.hasAnswered,
        isReplayable: pass.meaning.place === "anywhere" && pass.meaning.isReplayable,
        commits: pass.meaning.effects.some(
          ({ kind }) => kind === "commit" || kind === "prepare-transaction",
        ),
        canBeFound: pass.isCommit,
      },
    };
  }

  async #findOut({ unit, meaning }: UnitPass, witness: Witness, because: string): Promise<void> {
    const { end, home, state } = this.#context;
    this.#isFindingOut = true;
    const outcome = await home.findCommit(witness, end.signal).catch(() => undefined);
    this.#isFindingOut = false;
    if (outcome === undefined || end.isOver) return;
    switch (outcome.kind) {
      case "committed":
        home.learnt(outcome.token);
        state.seen.learnt(outcome.token, home.timelines);
        return this.#endInCommit(unit, meaning);
      case "rolled-back":
        return this.#endInError(commitLost(outcome.because), "I", because);
      case "unknown":
        return this.#endInError(outcomeUnknown(`${because}; ${outcome.because}`), "I", because);
      default:
        unreachable(outcome);
    }
  }

  /** As if its answer had come. */
  #endInCommit(unit: Unit, { effects }: Meaning): void {
    const { channels, home, output, state } = this.#context;
    state.ended(effects, false, "I");
    channels.changed();
    if (state.defined(effects, "I")) home.catalogChanged(state.seen.latest);
    home.counts.commits += 1;
    output.write(encodeAnswer(unit, { tag: "COMMIT", result: undefined }));
    tellReady(this.#context, "I");
    output.unitDone();
  }

  #endInError(error: PgError, status: Status, because: string): void {
    const { home, output, state } = this.#context;
    const { transaction } = state;
    home.counts.errors += 1;
    if (status === "E") {
      transaction.lose(because);
      transaction.tell();
    } else if (transaction.phase.kind !== "idle") {
      transaction.endHere(false);
    }
    output.write(encodeError(error));
    output.failed();
    tellReady(this.#context, status);
    output.unitDone();
  }
}
