/**
 * What a client says after its login. Decoders take a whole message with its header, `bytes[start..end)`, and throw
 * WireError for a malformed one. Names of statements and portals are strings of bytes (`FrameReader.name`).
 */
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { frontend, HEADER_BYTES, target } from "./message-types.ts";
import { WireError } from "./wire-error.ts";

/** A statement's text where it lies in its message, without the final zero. */
export type SqlRange = { readonly sqlStart: number; readonly sqlEnd: number };

export type Parse = SqlRange & {
  readonly name: string;
  /** Object ids; 0 for a type that is left to the server. */
  readonly parameterTypes: readonly number[];
};

export type Bind = { readonly portal: string; readonly statement: string };

/** Of Describe and Close. */
export type Target = { readonly kind: "statement" | "portal"; readonly name: string };

export type Execute = {
  readonly portal: string;
  /** 0: all. */
  readonly rowsMax: number;
};

export function decodeQuery(bytes: Buffer, start: number, end: number): SqlRange {
  const reader = new FrameReader("Query", bytes, start, end);
  const sqlStart = reader.at;
  const sqlEnd = reader.skipText();
  reader.expectEnd();
  return { sqlStart, sqlEnd };
}

export function encodeQuery(sql: string): Buffer {
  return new FrameWriter(frontend.query, sql.length + 1).text(sql).finish();
}

export function decodeParse(bytes: Buffer, start: number, end: number): Parse {
  const reader = new FrameReader("Parse", bytes, start, end);
  const name = reader.name();
  const sqlStart = reader.at;
  const sqlEnd = reader.skipText();
  const parameterTypes = Array.from({ length: reader.count(4) }, () => reader.uint32());
  reader.expectEnd();
  return { name, sqlStart, sqlEnd, parameterTypes };
}

export function encodeParse(
  name: string,
  sql: string | Buffer,
  parameterTypes: readonly number[] = [],
): Buffer {
  const writer = new FrameWriter(frontend.parse, name.length + sql.length).name(name);
  if (typeof sql === "string") writer.text(sql);
  else writer.bytes(sql).byte(0);
  writer.int16(parameterTypes.length);
  for (const type of parameterTypes) writer.int32(type);
  return writer.finish();
}

/** Reads no further than the two names: the parameters are the server's affair. */
export function decodeBind(bytes: Buffer, start: number, end: number): Bind {
  const reader = new FrameReader("Bind", bytes, start, end);
  return { portal: reader.name(), statement: reader.name() };
}

export type BindValues = {
  readonly portal: string;
  readonly statement: string;
  /** As text, or as they are; undefined is NULL. */
  readonly values: readonly (string | Buffer | undefined)[];
  /** As PostgreSQL reads them: none (all text), one for all, or one for each; 0 text, 1 binary. */
  readonly valueFormats?: readonly number[];
  readonly resultFormats?: readonly number[];
};

export function encodeBind(bind: BindValues): Buffer {
  const writer = new FrameWriter(frontend.bind).name(bind.portal).name(bind.statement);
  const formats = (list: readonly number[] = []): void => {
    writer.int16(list.length);
    for (const format of list) writer.int16(format);
  };
  formats(bind.valueFormats);
  writer.int16(bind.values.length);
  for (const value of bind.values) writer.value(value);
  formats(bind.resultFormats);
  return writer.finish();
}

export function decodeDescribe(bytes: Buffer, start: number, end: number): Target {
  return decodeTarget("Describe", new FrameReader("Describe", bytes, start, end));
}

export function encodeDescribe(kind: Target["kind"], name: string): Buffer {
  return new FrameWriter(frontend.describe).byte(target[kind]).name(name).finish();
}

export function decodeClose(bytes: Buffer, start: number, end: number): Target {
  return decodeTarget("Close", new FrameReader("Close", bytes, start, end));
}

export function encodeClose(kind: Target["kind"], name: string): Buffer {
  return new FrameWriter(frontend.close).byte(target[kind]).name(name).finish();
}

function decodeTarget(what: string, reader: FrameReader): Target {
  const kindByte = reader.byte();
  const name = reader.name();
  reader.expectEnd();
  if (kindByte === target.statement) return { kind: "statement", name };
  if (kindByte === target.portal) return { kind: "portal", name };
  throw new WireError(`invalid ${what} message subtype ${kindByte}`);
}

export function decodeExecute(bytes: Buffer, start: number, end: number): Execute {
  const reader = new FrameReader("Execute", bytes, start, end);
  const execute = { portal: reader.name(), rowsMax: reader.int32() };
  reader.expectEnd();
  return execute;
}

export function encodeExecute(portal: string, rowsMax = 0): Buffer {
  return new FrameWriter(frontend.execute).name(portal).int32(rowsMax).finish();
}

/** The reason that the client gives for its CopyFail. */
export function decodeCopyFail(bytes: Buffer, start: number, end: number): string {
  const reader = new FrameReader("CopyFail", bytes, start, end);
  const reason = reader.text();
  reader.expectEnd();
  return reason;
}

export function encodeCopyFail(reason: string): Buffer {
  return new FrameWriter(frontend.copyFail).text(reason).finish();
}

/** A view of a CopyData's content; both sides send it alike. */
export function decodeCopyData(bytes: Buffer, start: number, end: number): Buffer {
  return new FrameReader("CopyData", bytes, start, end).rest();
}

export function encodeCopyData(content: Buffer): Buffer {
  return new FrameWriter(frontend.copyData, content.length).bytes(content).finish();
}

/** The object id of the function that a FunctionCall calls. */
export function decodeFunctionCall(bytes: Buffer, start: number, end: number): number {
  return new FrameReader("FunctionCall", bytes, start, end).uint32();
}

const empty = (type: number): Buffer => new FrameWriter(type).finish();

/** The messages without content, made once; nobody may change them. */
export const sync = empty(frontend.sync);
export const flush = empty(frontend.flush);
export const terminate = empty(frontend.terminate);
export const copyDone = empty(frontend.copyDone);

/** @throws WireError when a message that has no content has some */
export function expectEmpty(what: string, start: number, end: number): void {
  if (end - start !== HEADER_BYTES) {
    throw new WireError(`malformed ${what} message: ${end - start - HEADER_BYTES} bytes too many`);
  }
}
