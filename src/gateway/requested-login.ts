/** What a startup message asks for, and whether a gateway can give it. */
import { pgError, type PgError } from "../wire/postgres/error-response.ts";
import {
  PROTOCOL_3_2,
  protocolText,
  type StartupRequest,
} from "../wire/postgres/startup-messages.ts";

export type RequestedLogin = {
  readonly user: string;
  /** The name in the connection string, which need not be that of a database. */
  readonly database: string;
  /** Agreed: 3.0 to 3.2. */
  readonly protocol: number;
  /** Settings of the session: all parameters but those above. */
  readonly parameters: ReadonlyMap<string, string>;
};

export type LoginReading =
  | {
      readonly kind: "login";
      readonly login: RequestedLogin;
      /** The client has to be told what is not supported of that which it asked for. */
      readonly needsNegotiation: boolean;
      readonly unknownOptions: readonly string[];
    }
  | { readonly kind: "refused"; readonly error: PgError };

/** Parameters that are no settings. */
const reserved: ReadonlySet<string> = new Set(["user", "database", "replication"]);
/** As PostgreSQL reads a boolean. */
const FALSE = /^(f(a(l(s(e)?)?)?)?|n(o)?|of(f)?|0)$/i;

export function readLogin(
  request: StartupRequest & { readonly kind: "startup" | "unsupported" },
): LoginReading {
  if (request.kind === "unsupported") {
    return refused(
      "0A000",
      `unsupported frontend protocol ${protocolText(request.protocol)}: server supports 3.0 to 3.2`,
    );
  }
  const { parameters } = request;
  const user = parameters.get("user") ?? "";
  if (user === "") return refused("28000", "no PostgreSQL user name specified in startup packet");
  if (!FALSE.test(parameters.get("replication") ?? "off")) {
    return refused(
      "0A000",
      "replication connections do not go through the gateway",
      "Connect to PostgreSQL itself, on its own port.",
    );
  }
  const settings = [...parameters].filter(([name]) => !reserved.has(name));
  const database = parameters.get("database") ?? "";
  return {
    kind: "login",
    login: {
      user,
      database: database === "" ? user : database,
      protocol: Math.min(request.protocol, PROTOCOL_3_2),
      parameters: new Map(settings),
    },
    needsNegotiation: request.protocol > PROTOCOL_3_2 || request.protocolOptions.length > 0,
    unknownOptions: request.protocolOptions,
  };
}

function refused(code: string, message: string, hint?: string): LoginReading {
  return { kind: "refused", error: pgError({ severity: "FATAL", code, message, hint }) };
}
