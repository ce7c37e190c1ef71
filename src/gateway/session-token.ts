/**
 * What a session has seen of the writer, and what becomes of that when the writer moves. A token of a newer timeline
 * does not simply replace the one before: first it has to be known whether the new writer has what that one stands for,
 * or a session would go back in time and nobody would tell it.
 */
import { EVERYTHING } from "./replay-watch.ts";
import { judgeToken, laterToken, type TimelineKnowledge, type Token } from "./token.ts";
import { positionOf, type WriteMark } from "./write-marks.ts";

export class SessionToken {
  #held: Token | undefined;
  /** Of a newer timeline, while nobody knows whether that one has what is held. */
  #newer: Token | undefined;
  /** In the writer's Region, in place of a token. */
  #mark: WriteMark | undefined;

  constructor(held: Token | undefined) {
    this.#held = held;
  }

  /** What a read has to see. While there is doubt it is the newer: the session has seen that line already. */
  get latest(): Token | undefined {
    return this.#newer ?? this.#held;
  }

  /** The client's own word. */
  set(token: Token | undefined): void {
    this.#held = token;
    this.#newer = undefined;
    this.#mark = undefined;
  }

  /** The writer has told it. */
  learnt(token: Token, known: TimelineKnowledge): void {
    const held = this.#held;
    const isOfOneLine = held?.systemId === token.systemId && held.timeline >= token.timeline;
    if (held === undefined || isOfOneLine) {
      this.#held = laterToken(held, token);
      return;
    }
    this.#newer = laterToken(this.#newer, token);
    this.adopt(known);
  }

  /** The writer here has answered. */
  marked(mark: WriteMark): void {
    this.#mark = mark;
  }

  /** To be called before each look at it: doubts may be over by now, and so may the writer's time here. */
  adopt(known: TimelineKnowledge): void {
    const mark = this.#mark;
    if (mark?.era.isOver === true) {
      this.#mark = undefined;
      // Nobody may have asked the writer after its last answer: then it may have been anything.
      this.learnt(positionOf(mark) ?? { ...mark.era.line, lsn: EVERYTHING }, known);
    }
    const [held, newer] = [this.#held, this.#newer];
    if (held === undefined || newer === undefined) return;
    if (this.#judge(held, known).kind !== "reached-by") return;
    this.#held = newer;
    this.#newer = undefined;
  }

  /** Why what the session has seen is nowhere any more; undefined while it is, or may be. */
  whyLost(known: TimelineKnowledge): string | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    const judged = this.#judge(held, known);
    return judged.kind === "lost" || judged.kind === "foreign" ? judged.because : undefined;
  }

  /** The session has been told that it is lost. What it has seen since then is not. */
  forget(): void {
    this.#held = this.#newer;
    this.#newer = undefined;
  }

  #judge(held: Token, known: TimelineKnowledge): ReturnType<typeof judgeToken> {
    const timeline = Math.max(known.timeline, this.#newer?.timeline ?? 0);
    const { systemId, forks } = known;
    return judgeToken(held, { systemId, forks, timeline });
  }
}
