/**
 * What a server answers to a unit, message by message, where the gateway has sent other messages than its client did:
 * some answers are not passed on, and some come from here. An answer that PostgreSQL gives to the client's own message
 * keeps its place, so that the client sees what it would see without a gateway.
 */
import { backend } from "../wire/postgres/message-types.ts";
import type { PreparedStatement } from "./prepared-statements.ts";

export type ReplyStep =
  /** `prepared` is there when ParseComplete comes. `isOurs`: the client did not ask for it. */
  | {
      readonly kind: "parse";
      readonly prepared: PreparedStatement | undefined;
      readonly isOurs: boolean;
    }
  | { readonly kind: "bind" }
  | { readonly kind: "describe" }
  | { readonly kind: "execute" }
  | { readonly kind: "close" }
  /** Ours; the server has it until CloseComplete comes. `isSpoilt`: and cannot use it. */
  | {
      readonly kind: "our-close";
      readonly prepared: PreparedStatement | undefined;
      readonly isSpoilt: boolean;
    }
  /** Nothing comes from the server: ParseComplete or CloseComplete is made here. */
  | { readonly kind: "answer"; readonly bytes: Buffer };

export class ReplyScript {
  readonly #steps: ReplyStep[];
  #at = 0;
  /** Parse and Close messages of the client that were carried out. */
  #done = 0;

  constructor(steps: readonly ReplyStep[]) {
    this.#steps = [...steps];
  }

  /** What answers the messages that came after a Flush. */
  append({ skipped }: ReplyScript): void {
    for (const step of skipped) this.#steps.push(step);
  }

  get done(): number {
    return this.#done;
  }

  /** What has to be sent to the client now, before anything else of the server's is. */
  *answersDue(): Generator<Buffer> {
    for (;;) {
      const step = this.#steps[this.#at];
      if (step?.kind !== "answer") return;
      this.#at += 1;
      this.#done += 1;
      yield step.bytes;
    }
  }

  /** After an error the server skips what is left: nothing of it is prepared, and nothing closed. */
  get skipped(): readonly ReplyStep[] {
    return this.#steps.slice(this.#at);
  }

  /** Takes note of a message of the server. False: it is not for the client. */
  take(type: number): boolean {
    const step = this.#steps[this.#at];
    if (step === undefined || !ends(step, type)) return true;
    this.#at += 1;
    if (step.kind === "our-close") return false;
    if (step.kind !== "parse") return true;
    if (!step.isOurs) this.#done += 1;
    return !step.isOurs;
  }
}

function ends(step: ReplyStep, type: number): boolean {
  switch (step.kind) {
    case "parse":
      return type === backend.parseComplete;
    case "bind":
      return type === backend.bindComplete;
    case "describe":
      return type === backend.rowDescription || type === backend.noData;
    case "close":
    case "our-close":
      return type === backend.closeComplete;
    case "execute":
      return (
        type === backend.commandComplete ||
        type === backend.emptyQueryResponse ||
        type === backend.portalSuspended
      );
    default:
      return false;
  }
}
