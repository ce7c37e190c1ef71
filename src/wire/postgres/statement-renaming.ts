/**
 * The same message for another name of its statement: a client's names are its own, a server's are the gateway's. The
 * rest of the message is copied as it is, in a new buffer. `name` is ASCII.
 */
import { frontend, HEADER_BYTES, target } from "./message-types.ts";
import { FrameReader } from "./frame-reader.ts";
import { WireError } from "./wire-error.ts";

/** @throws WireError when the message is no Parse, Bind, or Describe or Close of a statement, or is malformed */
export function withStatementName(bytes: Buffer, start: number, end: number, name: string): Buffer {
  const [nameAt, nameEnd] = nameRange(bytes, start, end);
  const renamed = Buffer.allocUnsafe(end - start - (nameEnd - nameAt) + name.length);
  bytes.copy(renamed, 0, start, nameAt);
  const at = nameAt - start;
  renamed.write(name, at, "latin1");
  bytes.copy(renamed, at + name.length, nameEnd, end);
  renamed.writeInt32BE(renamed.length - 1, 1);
  return renamed;
}

/** Where the statement's name lies, without its final zero. */
function nameRange(bytes: Buffer, start: number, end: number): readonly [number, number] {
  const type = bytes[start];
  const reader = new FrameReader("renamed", bytes, start, end);
  if (type === frontend.bind) reader.skipText();
  else if (type === frontend.describe || type === frontend.close) {
    if (reader.byte() !== target.statement) throw new WireError("a portal has no statement name");
  } else if (type !== frontend.parse) {
    throw new WireError(`a message of type ${type} at ${start + HEADER_BYTES} names no statement`);
  }
  const nameAt = reader.at;
  return [nameAt, reader.skipText()];
}
