/** The other side broke the protocol. It concerns that one connection: tell it, and close. */
export class WireError extends Error {
  override readonly name = "WireError";
  /** protocol_violation, unless PostgreSQL says it more exactly. */
  readonly sqlState: string;

  constructor(message: string, sqlState = "08P01") {
    super(message);
    this.sqlState = sqlState;
  }
}
