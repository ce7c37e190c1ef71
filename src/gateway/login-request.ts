/** From what a client's startup message asks for to who its session is. */
import type { GatewayName } from "../model/gateway.ts";
import type { GatewaySettings } from "../wire/program-settings.ts";
import type { BackendKey } from "../wire/postgres/backend-messages.ts";
import { pgError, type PgError } from "../wire/postgres/error-response.ts";
import { parseStartupOptions } from "../wire/postgres/startup-options.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { consistencySetting, parseConsistency, type ConsistencyLevel } from "./consistency.ts";
import type { RequestedLogin } from "./requested-login.ts";
import type { PeerMark, SessionIdentity } from "./session-home.ts";
import { settingStatement } from "./session-settings.ts";
import { SharedSettings } from "./shared-settings.ts";
import { parseToken, type Token } from "./token.ts";

export type IdentityReading =
  | { readonly kind: "session"; readonly identity: SessionIdentity }
  | { readonly kind: "refused"; readonly error: PgError };

/** Writes are refused with 25006 then, unless a session says otherwise for itself. */
const readOnly = "default_transaction_read_only";

/**
 * A statement that was held goes on to the next writer, and once more if that one moves meanwhile, or if one of the two
 * gateways hears of the move before the other.
 */
const hopsMax = 3;

const disagreement = pgError({
  severity: "FATAL",
  code: "57P03",
  message: "the gateways do not agree where the writer is",
  hint: "Connect again.",
});

/**
 * Why a session that came over other gateways is not let in: it would be passed on without end. The writer's own gateway
 * takes it, however far it came: there it has arrived, and whoever sent it waits for nothing else.
 */
export function whyTurnedAway(
  { peer }: Pick<SessionIdentity, "peer">,
  isWriterHere: boolean,
): PgError | undefined {
  const hasWandered = peer !== undefined && peer.hops > hopsMax;
  return hasWandered && !isWriterHere ? disagreement : undefined;
}

const sharedSettings = new SharedSettings();

export function readIdentity(
  login: RequestedLogin,
  name: GatewayName,
  settings: Pick<GatewaySettings, "databases">,
  session: { readonly remote: string; readonly key: BackendKey },
): IdentityReading {
  const asked = readParameters(login.parameters);
  if ("error" in asked) return { kind: "refused", error: asked.error };
  const { level, token, peer, startup } = asked;
  // A standby refuses writes by itself; in the primary Region the name leads to the writer.
  if (name.mode === "local") startup.set(readOnly, settingStatement(readOnly, "on"));
  return {
    kind: "session",
    // No object is spread here: each client's would be of a shape of its own, and every look at it slow.
    identity: {
      remote: session.remote,
      key: session.key,
      user: login.user,
      name: login.database,
      mode: name.mode,
      level: level ?? configuredLevel(settings, name, login.user),
      startup: sharedSettings.of(startup),
      token,
      peer,
    },
  };
}

type Asked = {
  level: ConsistencyLevel | undefined;
  token: Token | undefined;
  peer: PeerMark | undefined;
  readonly startup: Map<string, string>;
};

function readParameters(
  parameters: ReadonlyMap<string, string>,
): Asked | { readonly error: PgError } {
  const asked: Asked = { level: undefined, token: undefined, peer: undefined, startup: new Map() };
  try {
    const { options = "", ...others } = Object.fromEntries(parameters);
    const named = Object.entries(others).map(([name, value]) => ({ name, value }));
    for (const { name, value } of [...parseStartupOptions(options), ...named]) {
      const error = readOne(name.toLowerCase(), value, asked);
      if (error) return { error };
    }
    return asked;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const { sqlState: code, message } = error;
    return { error: pgError({ severity: "FATAL", code, message }) };
  }
}

function readOne(name: string, value: string, asked: Asked): PgError | undefined {
  const setting = consistencySetting(name);
  if (setting !== undefined) {
    const parsed = parseConsistency(setting, value);
    if (parsed.kind === "invalid") {
      return pgError({
        severity: "FATAL",
        code: parsed.sqlState,
        message: parsed.message,
        hint: parsed.hint,
      });
    }
    asked.level = parsed.level;
    return undefined;
  }
  if (name === "leeward.token") {
    asked.token = parseToken(value);
    if (asked.token !== undefined || value === "") return undefined;
    return pgError({
      severity: "FATAL",
      code: "22023",
      message: 'invalid value for parameter "leeward.token"',
    });
  }
  if (name === "leeward.peer") {
    const [region = "", hops = "1"] = value.split("/");
    asked.peer = { region, hops: Number.parseInt(hops, 10) || Infinity };
    return undefined;
  }
  asked.startup.set(name, settingStatement(name, value));
  return undefined;
}

/** The nearest that says something: role, database. */
function configuredLevel(
  { databases }: Pick<GatewaySettings, "databases">,
  name: GatewayName,
  user: string,
): ConsistencyLevel {
  const database = databases.find((one) => one.database === name.database);
  const role = database?.roles.find((one) => one.name === user);
  return role?.consistency ?? database?.consistency ?? "session";
}
