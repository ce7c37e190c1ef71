/** A query of the gateway's own among a client's units: its answer stays here. */
import { decodeDataRow } from "../wire/postgres/backend-messages.ts";
import { pgError, type PgError } from "../wire/postgres/error-response.ts";
import { backend } from "../wire/postgres/message-types.ts";

export type OwnResult = {
  readonly rows: readonly (readonly (string | undefined)[])[];
  readonly error: PgError | undefined;
};

export type AskOptions = {
  /** What it sets is the client's to know. */
  readonly isReported: boolean;
};

export class OwnQuery {
  readonly kind = "own";
  readonly isReported: boolean;
  /** What the server said against it. */
  error: PgError | undefined;
  readonly #settle: (result: OwnResult) => void;
  readonly #rows: (readonly (string | undefined)[])[] = [];
  /** Of a row that comes in parts. */
  #pieces: Buffer[] = [];

  /** @param settle called once, with the answer or with why there is none */
  constructor(settle: (result: OwnResult) => void, options: AskOptions | undefined) {
    this.#settle = settle;
    this.isReported = options?.isReported ?? false;
  }

  /** A part of a message. @param isLast the message ends where it ends */
  part(piece: Buffer, isLast: boolean): void {
    this.#pieces.push(Buffer.from(piece));
    if (!isLast) return;
    const row = Buffer.concat(this.#pieces);
    this.#pieces = [];
    if (row[0] === backend.dataRow) this.#rows.push(decodeDataRow(row, 0, row.length));
  }

  ended(): void {
    this.#settle({ rows: this.#rows, error: this.error });
  }

  /** Its server is gone: nobody knows how far it came. */
  lost(because: string): void {
    const error = pgError({ severity: "FATAL", code: "08006", message: because });
    this.#settle({ rows: [], error });
  }
}
