/** What a front door is told, and what a Region's agent is told about its own. Pure. */
import { regionPlan, type RegionPlan } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import { frontToken } from "../config/secrets.ts";
import type { Address } from "../model/address.ts";
import type { RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { AgentSettings, FrontSettings } from "../wire/program-settings.ts";
import type { WorldParts } from "./settings.ts";

/**
 * Of a world that has front doors.
 * @param region undefined: of the one outside
 */
export function settingsOfFront(parts: WorldParts, region: RegionId | undefined): FrontSettings {
  const { config, plan, secrets } = parts;
  const here = region === undefined ? undefined : regionPlan(plan, region);
  const { traffic } = config;
  const [asks, dns] = here ? [here.frontDesk, here.dns] : [plan.control, plan.dns];
  assert(asks !== undefined && dns !== undefined, "this world has front doors");
  return {
    logLevel: parts.logLevel,
    region,
    source: { address: asks, token: frontToken(secrets, region) },
    outside: plan.scheme === "loopback-block" ? plan.entry?.host : undefined,
    zone: traffic.zone,
    dns,
    entry: entryOf(parts, here),
    distribution: here ? undefined : distributionOf(parts),
    health: traffic.health,
    healthDatabase: traffic.healthDatabase,
    regions: plan.regions.map((other) => ({
      region: other.region,
      index: other.index,
      network: other.cidr,
      edge: reached(here, other, "edge"),
      gateway: mustBe(reached(here, other, "gateway")),
      order: [...byDistance(config, other.region)],
    })),
    databases: config.databases.map(({ id, placement, regions }) => ({
      database: id,
      kind: placement.kind,
      regions: regions.map((member) => member.region),
    })),
    services: here ? servicesOf(config, here) : [],
  };
}

function entryOf(
  { config, plan }: WorldParts,
  here: RegionPlan | undefined,
): FrontSettings["entry"] {
  const { entry } = config.traffic;
  const address = here ? here.edge : plan.entry;
  return entry && address && { address, ...entry };
}

function distributionOf({ config, plan }: WorldParts): FrontSettings["distribution"] {
  const { distribution } = config.traffic;
  if (!distribution || !plan.distribution) return undefined;
  const { failover, keepMs } = distribution;
  return { address: plan.distribution, failover, keepMs };
}

/** From outside and from the Region itself: directly. From another Region: at this end of the link. */
function reached(
  here: RegionPlan | undefined,
  other: RegionPlan,
  what: "edge" | "gateway",
): Address | undefined {
  if (here === undefined || here.region === other.region) return other[what];
  return here.seen.find(({ region }) => region === other.region)?.[what];
}

function mustBe(address: Address | undefined): Address {
  assert(address !== undefined, "every Region's gateway is reached from everywhere");
  return address;
}

/** By the round trip that the links have at the start; a Region is nearest to itself. */
function byDistance({ regions, links }: Config, from: RegionId): readonly RegionId[] {
  const rttMs = (to: RegionId): number =>
    to === from
      ? -1
      : (links.find(({ ends }) => ends.includes(from) && ends.includes(to))?.both.rttMs ??
        Infinity);
  return regions.toSorted((a, b) => rttMs(a) - rttMs(b));
}

function servicesOf(config: Config, here: RegionPlan): FrontSettings["services"] {
  return config.services.flatMap(({ id, kind, protocol, port, health }) => {
    const placed = here.services.find(({ service }) => service === id);
    if (!placed) return [];
    const { address, replicas } = placed;
    // What Leeward starts itself is at the service's own address.
    const listen = kind === "command" ? address : undefined;
    return [{ service: id, protocol, listen, port, health, replicas: [...replicas] }];
  });
}

export function agentsFront(parts: WorldParts, region: RegionId): AgentSettings["front"] {
  const { plan, layout, secrets, self } = parts;
  const { frontDesk } = regionPlan(plan, region);
  return (
    frontDesk && {
      command: [...self, "internal", "front"],
      settingsPath: layout.frontSecrets(region),
      listen: frontDesk,
      token: frontToken(secrets, region),
    }
  );
}
