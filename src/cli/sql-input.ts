/** Gathers lines into statements and backslash commands, for a prompt, a pipe and a file alike. Pure. */
import { Failure } from "../model/failure.ts";
import { isEmpty, splitSql } from "./sql-splitter.ts";

/** 16 Mi characters: the longest dump of one statement that a person would pipe in; PostgreSQL takes 1 GB. */
const statementMaxChars = 16 * 1024 * 1024;

export type SqlPiece =
  | { readonly kind: "statement"; readonly text: string }
  | { readonly kind: "meta"; readonly line: string };

export class SqlInput {
  #buffer = "";

  /** Whether the next line goes on with a statement. */
  get isInside(): boolean {
    return this.#buffer !== "";
  }

  /** What this line completes. @throws Failure `sql.unsupported` when a statement grows too long */
  line(text: string): readonly SqlPiece[] {
    if (!this.isInside && /^\s*\\/.test(text)) return [{ kind: "meta", line: text }];
    this.#buffer += `${text}\n`;
    if (this.#buffer.length > statementMaxChars) {
      throw new Failure(
        "sql.unsupported",
        `A statement is longer than ${statementMaxChars} characters`,
      );
    }
    // Only a line with a semicolon can end a statement; a long one is not looked at again and again.
    const { statements, rest } = text.includes(";")
      ? splitSql(this.#buffer)
      : { statements: [], rest: this.#buffer };
    this.#buffer = isEmpty(rest.slice(0, 200)) && isEmpty(rest) ? "" : rest;
    return statements.map((statement) => ({ kind: "statement", text: statement }));
  }

  /** The last statement needs no semicolon. */
  end(): readonly SqlPiece[] {
    const text = this.#buffer.trim();
    this.#buffer = "";
    return isEmpty(text) ? [] : [{ kind: "statement", text }];
  }

  forget(): void {
    this.#buffer = "";
  }
}

/** A whole text at once: `-c` and `-f`. */
export function piecesOf(text: string): readonly SqlPiece[] {
  const input = new SqlInput();
  return [...text.split("\n").flatMap((line) => input.line(line)), ...input.end()];
}
