/**
 * What a server says after its login. Decoders take a whole message with its header, `bytes[start..end)`, and throw
 * WireError for a malformed one.
 */
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { backend, HEADER_BYTES, transactionStatus } from "./message-types.ts";
import { WireError } from "./wire-error.ts";

/** Of the session after a unit. */
export type TransactionStatus = keyof typeof transactionStatus;

export function decodeReadyForQuery(bytes: Buffer, start: number, end: number): TransactionStatus {
  const reader = new FrameReader("ReadyForQuery", bytes, start, end);
  const status = reader.byte();
  reader.expectEnd();
  if (status === transactionStatus.idle) return "idle";
  if (status === transactionStatus.open) return "open";
  if (status === transactionStatus.failed) return "failed";
  throw new WireError(`malformed ReadyForQuery message: status ${status}`);
}

/** Made once; nobody may change them. */
export const readyForQuery = {
  idle: new FrameWriter(backend.readyForQuery).byte(transactionStatus.idle).finish(),
  open: new FrameWriter(backend.readyForQuery).byte(transactionStatus.open).finish(),
  failed: new FrameWriter(backend.readyForQuery).byte(transactionStatus.failed).finish(),
} as const satisfies Record<TransactionStatus, Buffer>;

export type Setting = { readonly name: string; readonly value: string };

export function decodeParameterStatus(bytes: Buffer, start: number, end: number): Setting {
  const reader = new FrameReader("ParameterStatus", bytes, start, end);
  const setting = { name: reader.text(), value: reader.text() };
  reader.expectEnd();
  return setting;
}

export function encodeParameterStatus(name: string, value: string): Buffer {
  return new FrameWriter(backend.parameterStatus).text(name).text(value).finish();
}

/** What a CancelRequest has to show. */
export type BackendKey = { readonly processId: number; readonly secret: Buffer };

/** In bytes: protocol 3.0 has 4 always, 3.2 at most 256. */
export const SECRET_BYTES_MIN = 4;
export const SECRET_BYTES_MAX = 256;

/** The secret is copied: it outlives its message. */
export function decodeBackendKeyData(bytes: Buffer, start: number, end: number): BackendKey {
  const reader = new FrameReader("BackendKeyData", bytes, start, end);
  const processId = reader.int32();
  const secret = Buffer.from(reader.rest());
  if (secret.length < SECRET_BYTES_MIN || secret.length > SECRET_BYTES_MAX) {
    throw new WireError(`malformed BackendKeyData message: a secret of ${secret.length} bytes`);
  }
  return { processId, secret };
}

export function encodeBackendKeyData(key: BackendKey): Buffer {
  return new FrameWriter(backend.backendKeyData).int32(key.processId).bytes(key.secret).finish();
}

/** The command's tag, as `INSERT 0 1`. */
export function decodeCommandComplete(bytes: Buffer, start: number, end: number): string {
  const reader = new FrameReader("CommandComplete", bytes, start, end);
  const tag = reader.text();
  reader.expectEnd();
  return tag;
}

export function encodeCommandComplete(tag: string): Buffer {
  return new FrameWriter(backend.commandComplete).text(tag).finish();
}

/** `oid` and `size` as in pg_type; without them the column is `text`. */
export type Column = { readonly name: string; readonly oid?: number; readonly size?: number };

const TEXT_OID = 25;

/** Columns as text, of no table. */
export function encodeRowDescription(columns: readonly Column[]): Buffer {
  const writer = new FrameWriter(backend.rowDescription).int16(columns.length);
  for (const { name, oid = TEXT_OID, size = -1 } of columns) {
    writer.text(name).int32(0).int16(0).int32(oid).int16(size).int32(-1).int16(0);
  }
  return writer.finish();
}

/** At least, of one column: a final zero and 18 bytes of numbers. */
const COLUMN_BYTES_MIN = 19;

export function decodeRowDescription(
  bytes: Buffer,
  start: number,
  end: number,
): readonly Required<Column>[] {
  const reader = new FrameReader("RowDescription", bytes, start, end);
  const columns = Array.from({ length: reader.count(COLUMN_BYTES_MIN) }, () => {
    const name = reader.text();
    // The table's object id and the number of its column.
    reader.bytes(6);
    const column = { name, oid: reader.uint32(), size: reader.int16() };
    // The type's modifier and the format.
    reader.bytes(6);
    return column;
  });
  reader.expectEnd();
  return columns;
}

/** Undefined is NULL. */
export function encodeDataRow(values: readonly (string | undefined)[]): Buffer {
  const writer = new FrameWriter(backend.dataRow).int16(values.length);
  for (const value of values) writer.value(value);
  return writer.finish();
}

/** Values in the text format; undefined is NULL. */
export function decodeDataRow(
  bytes: Buffer,
  start: number,
  end: number,
): readonly (string | undefined)[] {
  const reader = new FrameReader("DataRow", bytes, start, end);
  const values = Array.from({ length: reader.count(4) }, () => {
    const length = reader.int32();
    return length === -1 ? undefined : reader.bytes(length).toString("utf8");
  });
  reader.expectEnd();
  return values;
}

export type Notification = {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
};

export function decodeNotification(bytes: Buffer, start: number, end: number): Notification {
  const reader = new FrameReader("NotificationResponse", bytes, start, end);
  const notification = {
    processId: reader.int32(),
    channel: reader.text(),
    payload: reader.text(),
  };
  reader.expectEnd();
  return notification;
}

export function encodeNotification(notification: Notification): Buffer {
  const { processId, channel, payload } = notification;
  const writer = new FrameWriter(backend.notificationResponse);
  return writer.int32(processId).text(channel).text(payload).finish();
}

/** Of CopyInResponse, CopyOutResponse and CopyBothResponse. */
export type CopyResponse = { readonly isBinary: boolean; readonly columns: number };

export function decodeCopyResponse(bytes: Buffer, start: number, end: number): CopyResponse {
  const reader = new FrameReader("CopyResponse", bytes, start, end);
  const isBinary = reader.byte() === 1;
  const columns = reader.count(2);
  reader.bytes(2 * columns);
  reader.expectEnd();
  return { isBinary, columns };
}

export function encodeCopyResponse(
  direction: "in" | "out" | "both",
  { isBinary, columns }: CopyResponse,
): Buffer {
  const format = isBinary ? 1 : 0;
  const writer = new FrameWriter(copyTypes[direction]).byte(format).int16(columns);
  for (let column = 0; column < columns; column += 1) writer.int16(format);
  return writer.finish();
}

const copyTypes = {
  in: backend.copyInResponse,
  out: backend.copyOutResponse,
  both: backend.copyBothResponse,
} as const;

export type Negotiation = {
  /** As in a startup message: the major version in the upper half. */
  readonly protocol: number;
  /** Of the `_pq_.` options asked for, those nobody knows. */
  readonly unknownOptions: readonly string[];
};

export function decodeNegotiateProtocolVersion(
  bytes: Buffer,
  start: number,
  end: number,
): Negotiation {
  const reader = new FrameReader("NegotiateProtocolVersion", bytes, start, end);
  const protocol = reader.int32();
  const count = reader.int32();
  if (count < 0 || count > end - start - HEADER_BYTES) {
    throw new WireError(`malformed NegotiateProtocolVersion message: ${count} options`);
  }
  const unknownOptions = Array.from({ length: count }, () => reader.text());
  reader.expectEnd();
  return { protocol, unknownOptions };
}

export function encodeNegotiateProtocolVersion(negotiation: Negotiation): Buffer {
  const writer = new FrameWriter(backend.negotiateProtocolVersion).int32(negotiation.protocol);
  writer.int32(negotiation.unknownOptions.length);
  for (const option of negotiation.unknownOptions) writer.text(option);
  return writer.finish();
}

const empty = (type: number): Buffer => new FrameWriter(type).finish();

/** The messages without content, made once; nobody may change them. */
export const parseComplete = empty(backend.parseComplete);
export const bindComplete = empty(backend.bindComplete);
export const closeComplete = empty(backend.closeComplete);
export const noData = empty(backend.noData);
export const emptyQueryResponse = empty(backend.emptyQueryResponse);
export const portalSuspended = empty(backend.portalSuspended);
