/** The gateway's console: `SHOW POOLS` and its like at the database `leeward`, for psql and for the command line. */
import type { ByteSocket } from "../env/byte-socket.ts";
import {
  encodeBackendKeyData,
  encodeCommandComplete,
  encodeDataRow,
  encodeParameterStatus,
  encodeRowDescription,
  readyForQuery,
  type BackendKey,
} from "../wire/postgres/backend-messages.ts";
import { encodeError, pgError } from "../wire/postgres/error-response.ts";
import { FrameScanner, type FrameHandler } from "../wire/postgres/frame-scanner.ts";
import { frontend } from "../wire/postgres/message-types.ts";
import {
  consoleTable,
  consoleTables,
  type ConsoleTable,
  type ConsoleValue,
} from "./console-tables.ts";
import type { Gateway } from "./gateway.ts";

/** 10,000 bytes: every command fits ten times. */
const commandBytesMax = 10_000;

export class ConsoleSession implements FrameHandler {
  readonly #socket: ByteSocket;
  readonly #gateway: Gateway;
  readonly #scanner = new FrameScanner({
    whole: new Set(Object.values(frontend)),
    wholeBytesMax: commandBytesMax,
    larger: "refuse",
    frameBytesMax: commandBytesMax,
  });

  constructor(socket: ByteSocket, gateway: Gateway) {
    this.#socket = socket;
    this.#gateway = gateway;
  }

  start(key: BackendKey, rest: Buffer): void {
    this.#socket.attach({
      data: (bytes) => this.#data(bytes),
      drained: () => undefined,
      ended: () => this.#socket.end(),
      closed: () => undefined,
    });
    this.#socket.write(
      Buffer.concat([
        encodeParameterStatus("server_version", "18.0 (leeward gateway)"),
        encodeParameterStatus("client_encoding", "UTF8"),
        encodeParameterStatus("standard_conforming_strings", "on"),
        encodeBackendKeyData(key),
        readyForQuery.idle,
      ]),
    );
    if (rest.length > 0) this.#data(rest);
  }

  message(type: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case frontend.query:
        return this.#answer(bytes.toString("utf8", start + 5, end - 1));
      case frontend.terminate:
        return this.#socket.end();
      case frontend.sync:
        return this.#socket.write(readyForQuery.idle);
      default:
        return this.#refuse("the console speaks the simple query protocol only", false);
    }
  }

  part(): void {
    this.#socket.end();
  }

  #data(bytes: Buffer): void {
    try {
      this.#scanner.feed(bytes, this);
    } catch {
      this.#socket.end();
    }
  }

  #answer(text: string): void {
    const match = /^\s*show\s+(\w+)\s*;?\s*$/i.exec(text);
    const table = match && consoleTable(this.#gateway, (match[1] ?? "").toLowerCase());
    if (!table) {
      return this.#refuse(
        `there is no such command: SHOW ${consoleTables.join(" | ").toUpperCase()}`,
        true,
      );
    }
    this.#socket.write(
      Buffer.concat([
        encodeRowDescription(table.columns.map((name, at) => ({ name, oid: typeOf(table, at) }))),
        ...table.rows.map((row) => encodeDataRow(row.map(textOf))),
        encodeCommandComplete("SHOW"),
        readyForQuery.idle,
      ]),
    );
  }

  #refuse(message: string, isReady: boolean): void {
    const error = encodeError(pgError({ severity: "ERROR", code: "42601", message }));
    this.#socket.write(isReady ? Buffer.concat([error, readyForQuery.idle]) : error);
  }
}

function textOf(value: ConsoleValue): string | undefined {
  if (value === null) return undefined;
  return typeof value === "boolean" ? (value ? "t" : "f") : String(value);
}

const types = { string: 25, number: 701, boolean: 16 } as const;

/** PostgreSQL's number of the type that the column's values have: text, float8, bool. */
function typeOf({ rows }: ConsoleTable, column: number): number {
  const value = rows.map((row) => row[column]).find((one) => one !== null && one !== undefined);
  return value === null || value === undefined
    ? types.string
    : types[typeof value as keyof typeof types];
}
