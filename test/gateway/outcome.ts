/** What became of a text: what its client was told, and what is left in the database. */
import { decodeError } from "../../src/wire/postgres/error-response.ts";
import {
  encodeBind,
  encodeExecute,
  encodeParse,
  encodeQuery,
} from "../../src/wire/postgres/frontend-messages.ts";
import { backend } from "../../src/wire/postgres/message-types.ts";
import { inWords, sync, type Message } from "./raw-client.ts";

export type Outcome = { readonly words: readonly string[]; readonly left: string };

/** A protocol in which a text is sent. */
export type Protocol = (text: string) => readonly Buffer[];

export const simple: Protocol = (text) => [encodeQuery(text)];
export const extended: Protocol = (text) => [
  encodeParse("", text),
  encodeBind({ portal: "", statement: "", values: [] }),
  encodeExecute(""),
  sync,
];
/** ParseComplete, BindComplete, RowDescription: those of one protocol alone. */
const ofProtocol = new Set(["1", "2", "T"]);

/**
 * The same for all protocols: an error with what it says and where, and rows as far as they are the same each time.
 * @param isVarying rows are not
 */
export function wordsOf(messages: readonly Message[], isVarying: boolean): readonly string[] {
  const words = inWords(messages).filter((word) => !ofProtocol.has(word));
  const errors = messages
    .filter(({ type }) => type === backend.errorResponse)
    .map(({ bytes }) => {
      const { code, message, position, detail, hint } = decodeError(bytes, 0, bytes.length);
      return JSON.stringify({ code, message, position, detail, hint });
    });
  const shown = isVarying ? words.filter((word) => !word.startsWith("D ")) : words;
  return [...shown, ...errors];
}
