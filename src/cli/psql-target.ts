/** Which PostgreSQL `leeward psql` speaks to, and as whom. Pure. */
import type { ApiDatabase, ApiInstance, ApiStatus } from "../api/api.ts";
import type { WorldSecrets } from "../config/secrets.ts";
import { Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import type { Secret } from "../std/secret.ts";
import { knownDatabase, knownRegion, unknown } from "./context.ts";

/** The superuser of every database system; whoever may read the state directory is its owner. */
export const superuser = "leeward";

export type Place = { readonly region: string; readonly instance: ApiInstance };

/**
 * Without a Region, the writer's; in it, the first instance that answers.
 * @throws Failure `database.unknown`, `region.unknown`, `usage.invalid`, `network.unreachable` when there is no writer
 */
export function choosePlace(status: ApiStatus, name: string, region: string | undefined): Place {
  const database = status.databases[knownDatabase(status, name)];
  assert(database !== undefined, "the database is known");
  const chosen = region ?? writerRegion(name, database);
  const instances = database.members[knownRegion(status, chosen)]?.instances ?? [];
  const instance = instances.find(({ state }) => answering.has(state)) ?? instances[0];
  if (instance) return { region: chosen, instance };
  const regions = Object.keys(database.members).join(", ");
  throw new Failure("region.unknown", `${name} has no instance in ${chosen}; it is in ${regions}`);
}

const answering: ReadonlySet<string> = new Set(["serving", "catching-up", "fenced"]);

function writerRegion(name: string, { kind, writer, primary, members }: ApiDatabase): string {
  const region = writer?.region ?? primary;
  if (region !== null) return region;
  if (kind === "global") throw new Failure("network.unreachable", `${name} has no writer now`);
  const regions = Object.keys(members).join(", ");
  const message = `${name} is local: each Region has its own. Say which with --region (${regions})`;
  throw new Failure("usage.invalid", message);
}

/** @throws Failure `usage.invalid` for a role that has no password in the state directory */
export function choosePassword(secrets: WorldSecrets, database: string, role: string): Secret {
  const passwords = secrets.databases[database];
  const known: Readonly<Record<string, Secret | undefined>> = {
    [superuser]: passwords?.superuser,
    ...passwords?.roles,
  };
  const password = known[role];
  if (password !== undefined) return password;
  throw new Failure("usage.invalid", unknown("role", role, Object.keys(known)));
}
