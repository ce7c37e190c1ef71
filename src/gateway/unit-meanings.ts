/** Finds out what a session's units are: by what is known of their texts, or by asking the parser. */
import type { Reading, Statement } from "../sql/sql.ts";
import { HEADER_BYTES } from "../wire/postgres/message-types.ts";
import type { PreparedStatement } from "./prepared-statements.ts";
import type { SessionContext } from "./session-context.ts";
import { functionCallMeaning, meaningOf, unknownMeaning, type Meaning, type Unit } from "./unit.ts";

export class UnitMeanings {
  readonly #context: Pick<SessionContext, "home" | "identity" | "state">;

  constructor(context: Pick<SessionContext, "home" | "identity" | "state">) {
    this.#context = context;
  }

  /** Undefined when the parser has to be asked. */
  atOnce(unit: Unit): Meaning | undefined {
    if (unit.kind === "function-call") return functionCallMeaning;
    const statements = this.#known(unit);
    return statements && meaningOf(statements);
  }

  /** Of a unit in parts, whose order nothing may change: what is not known yet is learnt for the next time. */
  inParts(unit: Unit): Meaning {
    const statements = this.#known(unit);
    if (statements !== undefined) return { ...meaningOf(statements), place: "writer" };
    const { book } = this.#context.home;
    const reading = this.#reading();
    for (const { body, textBytes } of unit.executed) void book.learn(body, 0, textBytes, reading);
    return unknownMeaning;
  }

  /** Off the event loop. Never rejects. */
  async learn(unit: Unit): Promise<Meaning> {
    const { book } = this.#context.home;
    const reading = this.#reading();
    const learnOne = async (prepared: PreparedStatement): Promise<Statement> =>
      (prepared.statement ??= await book.learn(prepared.body, 0, prepared.textBytes, reading));
    const statements =
      unit.kind === "simple"
        ? [await book.learn(unit.bytes, HEADER_BYTES, unit.bytes.length - 1, reading)]
        : await Promise.all(unit.executed.map(learnOne));
    return meaningOf(statements);
  }

  /** A standby has refused it because it writes. */
  refused(unit: Unit): void {
    const { book } = this.#context.home;
    if (unit.kind === "simple") book.refused(unit.bytes, HEADER_BYTES, unit.bytes.length - 1);
    for (const prepared of unit.executed) {
      book.refused(prepared.body, 0, prepared.textBytes);
      prepared.statement = undefined;
    }
  }

  #known(unit: Unit): readonly Statement[] | undefined {
    const { book } = this.#context.home;
    const reading = this.#reading();
    if (unit.kind === "simple") {
      const known = book.known(unit.bytes, HEADER_BYTES, unit.bytes.length - 1, reading);
      return known && [known];
    }
    const found: Statement[] = [];
    for (const prepared of unit.executed) {
      prepared.statement ??= book.known(prepared.body, 0, prepared.textBytes, reading);
      if (prepared.statement === undefined) return undefined;
      found.push(prepared.statement);
    }
    return found;
  }

  #reading(): Reading {
    const { home, identity, state } = this.#context;
    return state.reading(home.parametersFor(identity.user));
  }
}
