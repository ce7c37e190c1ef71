/**
 * Tells another gateway, which stands for its client here, where the writer's WAL ends: behind each of its units, and
 * before it hears that it may go on. Without it its reads could go back in time.
 */
import { encodeParameterStatus } from "../wire/postgres/backend-messages.ts";
import { tokenSetting } from "./decide-unit.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { SessionContext } from "./session-context.ts";
import type { Status } from "./session-transaction.ts";
import { formatToken } from "./token.ts";
import { insertedTokenQuery, readTokenRow, tokenQuery } from "./token-query.ts";

export class TokenTeller {
  readonly #context: SessionContext;
  /** Goes on with what was kept back for the token. */
  readonly #told: (server: ServerConnection, status: Status) => void;
  /** The unit has ended so, and its token is not there yet. */
  #status: Status | undefined;

  constructor(context: SessionContext, told: (server: ServerConnection, status: Status) => void) {
    this.#context = context;
    this.#told = told;
  }

  /** A unit is sent: what was asked for an earlier one is over. */
  begin(): void {
    this.#status = undefined;
  }

  /** Behind what the server has to answer already. @param isUnflushed what was committed may not be flushed yet */
  ask(server: ServerConnection, isUnflushed: boolean): void {
    server.ask(isUnflushed ? insertedTokenQuery : tokenQuery, (result) =>
      this.#read(server, readTokenRow(result, this.#context.home.systemId)),
    );
  }

  /** The unit has ended; `told` is called when its token has left. */
  tell(server: ServerConnection, status: Status): void {
    if (server.lacksEnd) return void this.#find(server, status);
    this.#status = status;
    if (server.underWay === 0) this.ask(server, true);
  }

  #read(server: ServerConnection, text: string | undefined): void {
    const status = this.#status;
    this.#status = undefined;
    if (status !== undefined && text === undefined) return void this.#find(server, status);
    if (text !== undefined) this.#context.output.write(encodeParameterStatus(tokenSetting, text));
    if (status !== undefined) this.#told(server, status);
  }

  /** A timeout of the client's, or a cancel, has met the question: the gateway asks by a connection of its own. */
  async #find(server: ServerConnection, status: Status): Promise<void> {
    const { end, home, output } = this.#context;
    const token = await home.writerPosition(end.signal).catch(() => undefined);
    if (end.isOver) return;
    if (token === undefined) return output.finish(undefined);
    output.write(encodeParameterStatus(tokenSetting, formatToken(token)));
    this.#told(server, status);
  }
}
