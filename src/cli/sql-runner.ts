/** Runs what was typed, piped or named, and prints the answers in the form that was asked for. */
import { Failure } from "../model/failure.ts";
import { unreachable } from "../std/assert.ts";
import { printJsonLine, printLine, type Frame } from "./frame.ts";
import { alignedTable, csvTable, jsonRows, type SqlResult } from "./result-table.ts";
import type { SqlPiece } from "./sql-input.ts";
import { metaHelp, parseMeta, type MetaQuery } from "./sql-meta.ts";
import type { SqlSession } from "./sql-session.ts";

export type SqlFormat = "aligned" | "csv" | "json";

export class SqlRunner {
  readonly #frame: Frame;
  readonly #session: SqlSession;
  readonly #format: SqlFormat;

  constructor(frame: Frame, session: SqlSession, format: SqlFormat) {
    this.#frame = frame;
    this.#session = session;
    this.#format = format;
  }

  /** In order, until the first error. Answers whether the user wants to leave. @throws what `SqlSession.run` throws */
  async run(pieces: readonly SqlPiece[]): Promise<"go-on" | "quit"> {
    for (const piece of pieces) {
      if (piece.kind === "statement") this.#print(await this.#session.run(piece.text));
      else if ((await this.#meta(piece.line)) === "quit") return "quit";
    }
    return "go-on";
  }

  async #meta(line: string): Promise<"go-on" | "quit"> {
    const command = parseMeta(line);
    switch (command.kind) {
      case "quit":
        return "quit";
      case "help":
        this.#frame.out.write(`${metaHelp}\n`);
        return "go-on";
      case "queries":
        for (const query of command.queries) await this.#query(query);
        return "go-on";
      case "unknown": {
        const message = `${command.word} is not known here; \\? lists the commands`;
        throw new Failure("usage.invalid", message);
      }
      default:
        return unreachable(command);
    }
  }

  async #query({ title, sql, hideEmpty }: MetaQuery): Promise<void> {
    const result = await this.#session.run(sql);
    if (hideEmpty && result.rows.length === 0) return;
    if (this.#format === "aligned") printLine(this.#frame, title);
    this.#print(result);
  }

  #print(result: SqlResult): void {
    switch (this.#format) {
      case "json":
        return printJsonLine(this.#frame, jsonRows(result));
      case "csv":
        for (const line of csvTable(result)) printLine(this.#frame, line);
        return undefined;
      case "aligned":
        printLine(this.#frame, alignedTable(result).join("\n"));
        if (result.columns.length > 0) printLine(this.#frame, "");
        return undefined;
      default:
        return unreachable(this.#format);
    }
  }
}
