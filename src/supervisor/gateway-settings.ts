/** What the gateway of a Region is told, and what its agent is told about it. Pure. */
import { regionPlan } from "../config/addresses.ts";
import { databasePasswords, gatewayToken } from "../config/secrets.ts";
import type { RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { AgentSettings, GatewaySettings } from "../wire/program-settings.ts";
import type { WorldParts } from "./settings.ts";
import type { GatewayIdentity } from "./world-certificates.ts";

/** The superuser of every database system that Leeward makes. */
const adminUser = "leeward";

/** @param identity undefined where the world wants no TLS */
export function settingsOfGateway(
  parts: WorldParts,
  region: RegionId,
  identity: GatewayIdentity | undefined,
): GatewaySettings {
  const { config, plan, secrets } = parts;
  const { gateway, gatewayDesk, seen } = regionPlan(plan, region);
  const [first] = config.databases;
  assert(first !== undefined, "a world has at least one database");
  const here = config.databases.filter(({ regions }) =>
    regions.some((member) => member.region === region),
  );
  return {
    logLevel: parts.logLevel,
    region,
    listen: gateway,
    agent: { address: gatewayDesk, token: gatewayToken(secrets, region) },
    peers: seen.map((other) => ({ region: other.region, address: other.gateway })),
    adminUser,
    adminPassword: databasePasswords(secrets, first.id).superuser,
    databases: here.map(({ id, placement, consistency, roles }) => ({
      database: id,
      kind: placement.kind,
      consistency,
      superuserPassword: databasePasswords(secrets, id).superuser,
      roles: roles.flatMap((role) =>
        role.consistency === undefined ? [] : [{ name: role.name, consistency: role.consistency }],
      ),
    })),
    names: config.gateway.names
      .filter(({ database }) => here.some(({ id }) => id === database))
      .map((name) => ({ ...name })),
    limits: config.gateway.limits,
    commitCertainty: config.gateway.commitCertainty,
    tls: identity && { ...identityOf(identity), isRequired: config.gateway.tls === "required" },
  };
}

function identityOf({ certificate, privateKey }: GatewayIdentity): GatewayIdentity {
  return { certificate, privateKey };
}

export function agentsGateway(parts: WorldParts, region: RegionId): AgentSettings["gateway"] {
  const { plan, layout, secrets, self } = parts;
  return {
    command: [...self, "internal", "gateway"],
    settingsPath: layout.gatewaySecrets(region),
    listen: regionPlan(plan, region).gatewayDesk,
    token: gatewayToken(secrets, region),
  };
}
