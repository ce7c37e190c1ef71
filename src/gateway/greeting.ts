/** What a client is told once it has logged in. Pure. */
import {
  encodeBackendKeyData,
  encodeParameterStatus,
  readyForQuery,
  type BackendKey,
} from "../wire/postgres/backend-messages.ts";
import type { RequestedLogin } from "./requested-login.ts";

/** Until a server has been met. */
const usual: ReadonlyMap<string, string> = new Map([
  ["server_version", "18.0"],
  ["server_encoding", "UTF8"],
  ["client_encoding", "UTF8"],
  ["DateStyle", "ISO, MDY"],
  ["IntervalStyle", "postgres"],
  ["TimeZone", "UTC"],
  ["integer_datetimes", "on"],
  ["standard_conforming_strings", "on"],
]);

/** Parameters that are reported, by their names in lower case. */
const reportedNames = new Map(
  [
    "application_name",
    "client_encoding",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "search_path",
  ].map((name) => [name.toLowerCase(), name]),
);

export function encodeGreeting(parameters: ReadonlyMap<string, string>, key: BackendKey): Buffer {
  return Buffer.concat([
    ...[...parameters].map(([name, value]) => encodeParameterStatus(name, value)),
    encodeBackendKeyData(key),
    readyForQuery.idle,
  ]);
}

/**
 * Parameters for a login while no server can be asked.
 * @param known what a server reported to this user before, or to anybody
 */
export function guessParameters(
  login: RequestedLogin,
  known: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const parameters = new Map([...usual, ...known]);
  parameters.set("session_authorization", login.user);
  for (const [name, value] of login.parameters) {
    const reported = reportedNames.get(name.toLowerCase());
    if (reported !== undefined) parameters.set(reported, value);
  }
  return parameters;
}
