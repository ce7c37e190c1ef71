/** What a Region's agent is told about its PgBouncer, and about the gateways that names lead to. Pure. */
import { regionPlan, type RegionPlan } from "../config/addresses.ts";
import { databasePasswords, poolerPassword } from "../config/secrets.ts";
import type { RegionId } from "../model/region.ts";
import type { Secret } from "../std/secret.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
import type { WorldParts } from "./settings.ts";

/** Undefined: there is none in this Region. */
export function settingsOfPooler(parts: WorldParts, region: RegionId): AgentSettings["pooler"] {
  const { config, plan, layout, secrets } = parts;
  const here = regionPlan(plan, region);
  const { pgbouncer } = config;
  if (!pgbouncer || !here.pgbouncer) return undefined;
  const { bin, clientsMax, poolSize, pauseMs } = pgbouncer;
  return {
    address: here.pgbouncer,
    bin,
    directory: layout.pooler(region),
    names: pgbouncer.names
      .filter(({ database }) => here.instances.some((one) => one.database === database))
      .map((name) => ({ ...name })),
    gateways: gatewaysOf(here),
    users: usersOf(parts, here),
    adminPassword: poolerPassword(secrets, region),
    clientsMax,
    poolSize,
    pauseMs,
  };
}

/** PgBouncer knows a user by name alone: where two databases have one of the same name, the rules say no. */
function usersOf(
  { config, secrets }: WorldParts,
  here: RegionPlan,
): { name: string; password: Secret }[] {
  const users = new Map<string, Secret>();
  for (const { id, roles } of config.databases) {
    if (!here.instances.some(({ database }) => database === id)) continue;
    const passwords = databasePasswords(secrets, id).roles;
    for (const { name, login } of roles) {
      const password = passwords[name];
      if (login && password) users.set(name, password);
    }
  }
  return [...users].map(([name, password]) => ({ name, password }));
}

export function gatewaysOf(here: RegionPlan): AgentSettings["names"]["gateways"] {
  return [
    { region: here.region, address: here.gateway },
    ...here.seen.map(({ region, gateway }) => ({ region, address: gateway })),
  ];
}
