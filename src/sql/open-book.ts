/** The real statement book: its parser in a thread of its own. */
import type { Clock, Log } from "../env/env.ts";
import { ParserThread } from "./parser-thread.ts";
import type { StatementBook } from "./sql.ts";
import { CachingStatementBook } from "./statement-book.ts";

export type BookDoors = { readonly clock: Clock; readonly log: Log };

/** Settles once the parser has answered for the first time, so that no client waits for its start. */
export async function openStatementBook(doors: BookDoors): Promise<StatementBook> {
  const parser = new ParserThread(doors.clock, doors.log);
  await parser.parse("SELECT 1");
  return new CachingStatementBook(doors.clock, parser);
}
