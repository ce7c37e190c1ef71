/** The thread that parses: PostgreSQL's own grammar, some 20 to 90 µs for an ordinary statement. */
import { parentPort } from "node:worker_threads";
import { loadModule, parseSync } from "libpg-query";
import { assert } from "../std/assert.ts";
import type { ParserMessage, ParserQuestion } from "./parser-messages.ts";
import { type ParseTree, readText } from "./read-text.ts";

assert(parentPort !== null, "the parser runs in a worker thread");
const port = parentPort;

function answer(message: ParserMessage): void {
  port.postMessage(message);
}

function read(text: string): ParserMessage {
  // The parser refuses to be asked about nothing.
  if (text === "") return { kind: "read", uses: readText({}) };
  try {
    const tree: ParseTree = parseSync(text);
    return { kind: "read", uses: readText(tree) };
  } catch (cause) {
    const because = cause instanceof Error ? cause.message : String(cause);
    return { kind: "refused", because };
  }
}

await loadModule();
port.on("message", ({ text }: ParserQuestion) => answer(read(text)));
answer({ kind: "ready" });
