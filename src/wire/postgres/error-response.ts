/** ErrorResponse and NoticeResponse, both ways. */
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { backend } from "./message-types.ts";

export type Severity =
  | "ERROR"
  | "FATAL"
  | "PANIC"
  | "WARNING"
  | "NOTICE"
  | "DEBUG"
  | "INFO"
  | "LOG";

/** The fields that matter to a gateway; of a server's message the others stay in its bytes. */
export type PgError = {
  readonly severity: Severity;
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** In characters of the statement, from 1. */
  readonly position: number | undefined;
  /** The source function of the server that reported it, which tells apart what has one code. */
  readonly routine: string | undefined;
};

/** An error of the gateway's own. */
export function pgError(
  error: Pick<PgError, "severity" | "code" | "message"> & Partial<PgError>,
): PgError {
  return { detail: undefined, hint: undefined, position: undefined, routine: undefined, ...error };
}

/** Field types of the protocol. */
const field = {
  severity: 0x53,
  /** Never translated. */
  severityPlain: 0x56,
  code: 0x43,
  message: 0x4d,
  detail: 0x44,
  hint: 0x48,
  position: 0x50,
  routine: 0x52,
} as const;

export function encodeError(error: PgError): Buffer {
  return encode(backend.errorResponse, error);
}

export function encodeNotice(notice: PgError): Buffer {
  return encode(backend.noticeResponse, notice);
}

function encode(type: number, error: PgError): Buffer {
  const writer = new FrameWriter(type, 256);
  const add = (key: number, value: string | undefined): void => {
    if (value !== undefined) writer.byte(key).text(value.replaceAll("\0", ""));
  };
  add(field.severity, error.severity);
  add(field.severityPlain, error.severity);
  add(field.code, error.code);
  add(field.message, error.message);
  add(field.detail, error.detail);
  add(field.hint, error.hint);
  add(field.position, error.position?.toString());
  add(field.routine, error.routine);
  return writer.byte(0).finish();
}

/** Of an ErrorResponse or a NoticeResponse. Fields that nobody knows are passed over. @throws WireError */
export function decodeError(bytes: Buffer, start: number, end: number): PgError {
  const reader = new FrameReader("ErrorResponse", bytes, start, end);
  const fields = new Map<number, string>();
  for (let key = reader.byte(); key !== 0; key = reader.byte()) fields.set(key, reader.text());
  reader.expectEnd();
  const position = Number(fields.get(field.position));
  return {
    severity: severityOf(fields.get(field.severityPlain) ?? fields.get(field.severity)),
    code: fields.get(field.code) ?? "XX000",
    message: fields.get(field.message) ?? "",
    detail: fields.get(field.detail),
    hint: fields.get(field.hint),
    position: Number.isSafeInteger(position) && position > 0 ? position : undefined,
    routine: fields.get(field.routine),
  };
}

const severities: ReadonlySet<string> = new Set<Severity>([
  "ERROR",
  "FATAL",
  "PANIC",
  "WARNING",
  "NOTICE",
  "DEBUG",
  "INFO",
  "LOG",
]);

function severityOf(text: string | undefined): Severity {
  return text !== undefined && severities.has(text) ? (text as Severity) : "ERROR";
}
