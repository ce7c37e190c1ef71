/** Answers to a unit that come from the gateway alone, message by message as PostgreSQL would give them. */
import {
  bindComplete,
  closeComplete,
  encodeCommandComplete,
  encodeDataRow,
  encodeRowDescription,
  noData,
  parseComplete,
  readyForQuery,
} from "../wire/postgres/backend-messages.ts";
import { FrameWriter } from "../wire/postgres/frame-writer.ts";
import { backend, frontend, target } from "../wire/postgres/message-types.ts";
import type { Status } from "./session-transaction.ts";
import type { Unit } from "./unit.ts";

export type LocalAnswer = {
  /** As CommandComplete says it. */
  readonly tag: string;
  /** One row with one column, when it has a result. */
  readonly result: { readonly column: string; readonly value: string } | undefined;
};

export function encodeReady(status: Status): Buffer {
  if (status === "I") return readyForQuery.idle;
  return status === "T" ? readyForQuery.open : readyForQuery.failed;
}

/** What a client is sent for `unit`, up to ReadyForQuery. */
export function encodeAnswer(unit: Unit, { tag, result }: LocalAnswer): Buffer {
  const description = result && encodeRowDescription([{ name: result.column, oid: textOid }]);
  const execution = [
    ...(result ? [encodeDataRow([result.value])] : []),
    encodeCommandComplete(tag),
  ];
  if (unit.kind === "extended") return answerEach(unit.bytes, description, execution);
  return Buffer.concat([...(description ? [description] : []), ...execution]);
}

/** The answers to Parse, Bind, Describe, Execute and Close, as they come in `bytes`. */
function answerEach(
  bytes: Buffer,
  description: Buffer | undefined,
  execution: readonly Buffer[],
): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    const isStatement = bytes[at + 5] === target.statement;
    switch (bytes[at]) {
      case frontend.parse:
        pieces.push(parseComplete);
        break;
      case frontend.bind:
        pieces.push(bindComplete);
        break;
      case frontend.describe:
        if (isStatement) pieces.push(noParameters);
        pieces.push(description ?? noData);
        break;
      case frontend.execute:
        pieces.push(...execution);
        break;
      case frontend.close:
        pieces.push(closeComplete);
        break;
      default:
    }
  }
  return Buffer.concat(pieces);
}

/** `text`. */
const textOid = 25;

/** ParameterDescription of a statement without parameters. */
const noParameters = new FrameWriter(backend.parameterDescription).int16(0).finish();
