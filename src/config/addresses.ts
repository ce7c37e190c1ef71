/** Every address of a world, worked out from its config alone; the formulas are in `address-scheme.ts`. */
import type { Address } from "../model/address.ts";
import type { FlowClass, LinkEnd, LinkRoute } from "../model/link.ts";
import {
  formatInstance,
  type DatabaseId,
  type InstanceId,
  type RegionId,
} from "../model/region.ts";
import { formatReplica, type ServiceId } from "../model/service.ts";
import { assert } from "../std/assert.ts";
import { schemeFor, type AddressScheme, type SchemeName } from "./address-scheme.ts";
import type { Config, ServiceConfig } from "./config.ts";

export type AddressPlan = {
  readonly scheme: SchemeName;
  /** API and dashboard. */
  readonly api: Address;
  /** Where the controller listens for agents. They reach it through `RegionPlan.controllerSeenHere`. */
  readonly control: Address;
  /** The one place for clients of the whole world. Undefined: it has no entry. */
  readonly entry: Address | undefined;
  /** The other one, which has one origin at a time. Undefined: there is none. */
  readonly distribution: Address | undefined;
  /** Where names are answered as they look from outside the Regions. Undefined: nobody wants front doors. */
  readonly dns: Address | undefined;
  /** In the order of the config. */
  readonly regions: readonly RegionPlan[];
  /** What the network program listens on, and where it leads. */
  readonly routes: readonly LinkRoute[];
};

export type RegionPlan = {
  readonly region: RegionId;
  /** From 1. */
  readonly index: number;
  readonly cidr: string;
  /** The sources that PostgreSQL in this Region lets log in, for pg_hba.conf. */
  readonly allowFrom: readonly string[];
  /** Where clients of this Region find every database. */
  readonly gateway: Address;
  /** The Region's own entry. Undefined: the world has no entry. */
  readonly edge: Address | undefined;
  /** Where names are answered as they look from this Region. */
  readonly dns: Address | undefined;
  /** Undefined: there is none in this Region. */
  readonly pgbouncer: Address | undefined;
  /** Those that run in this Region. */
  readonly services: readonly ServicePlan[];
  readonly agent: Address;
  /** Where the agent answers its own gateway. */
  readonly gatewayDesk: Address;
  /** Where the agent answers its own front door. Undefined: it has none. */
  readonly frontDesk: Address | undefined;
  /** Where the agent tells load balancers, without a credential, whether the writer is here. */
  readonly rest: Address;
  readonly instances: readonly InstancePlan[];
  /** This Region's end of its link to the controller. */
  readonly controllerSeenHere: Address;
  /** This Region's ends of its links to the other Regions. */
  readonly seen: readonly SeenRegion[];
};

export type InstancePlan = {
  readonly database: DatabaseId;
  readonly number: number;
  /** Counts the instances of the Region: databases in the order of the config, then numbers; from 1. */
  readonly k: number;
  readonly address: Address;
};

export type ServicePlan = {
  readonly service: ServiceId;
  /** Where the Region's programs find it. */
  readonly address: Address;
  /** As many as there may ever be; the first is number 1. The only one of a kind of Leeward's own is at `address`. */
  readonly replicas: readonly Address[];
};

export type SeenRegion = {
  readonly region: RegionId;
  /** Undefined: the world has no entry. */
  readonly edge: Address | undefined;
  readonly agent: Address;
  readonly gateway: Address;
  readonly instances: readonly InstancePlan[];
};

export type Listener = { readonly address: Address; readonly what: string };

/** @throws Failure `config.invalid` when the world needs more ports than the machine has (shared scheme only). */
export function planAddresses(config: Config, platform: "linux" | "other"): AddressPlan {
  const scheme = schemeFor(config, platform);
  const outside = {
    api: scheme.api(),
    control: scheme.control(),
    entry: config.traffic.entry && scheme.entry(),
    distribution: config.traffic.distribution && scheme.distribution(),
    dns: config.hasFrontDoors ? scheme.dns(undefined) : undefined,
  };
  const regions = config.regions.map((region, position) =>
    planRegion(config, scheme, region, position + 1),
  );
  const seen = regions.map((here) => ({ ...here, ...planLinkEnds(scheme, here, regions) }));
  return {
    scheme: scheme.name,
    ...outside,
    regions: seen,
    routes: seen.flatMap((here) => routesFrom(here, seen, scheme, outside.control)),
  };
}

type OwnPlan = Omit<RegionPlan, "controllerSeenHere" | "seen">;

function planRegion(
  config: Config,
  scheme: AddressScheme,
  region: RegionId,
  index: number,
): OwnPlan {
  return {
    region,
    index,
    cidr: scheme.cidr(index),
    allowFrom: scheme.allowFrom(index),
    gateway: scheme.gateway(index),
    edge: config.traffic.entry && scheme.edge(index),
    dns: config.hasFrontDoors ? scheme.dns(index) : undefined,
    pgbouncer: config.pgbouncer?.regions.includes(region) ? scheme.pgbouncer(index) : undefined,
    agent: scheme.agent(index),
    gatewayDesk: scheme.gatewayDesk(index),
    frontDesk: config.hasFrontDoors ? scheme.frontDesk(index) : undefined,
    services: config.services.flatMap((service, position) =>
      service.regions.includes(region) ? [planService(scheme, service, index, position)] : [],
    ),
    rest: scheme.rest(index),
    instances: instancesIn(config, region).map((instance, position) => ({
      ...instance,
      k: position + 1,
      address: scheme.instance(index, position + 1),
    })),
  };
}

function planService(
  scheme: AddressScheme,
  { id, kind, port, scaling }: ServiceConfig,
  region: number,
  position: number,
): ServicePlan {
  const address = scheme.service(region, port);
  // Nothing needs to stand between the only server of its kind and its clients.
  if (kind !== "command") return { service: id, address, replicas: [address] };
  const replicas = Array.from({ length: scaling.max }, (_, index) =>
    scheme.replica(region, position, index + 1),
  );
  return { service: id, address, replicas };
}

function instancesIn(
  config: Config,
  region: RegionId,
): readonly { readonly database: DatabaseId; readonly number: number }[] {
  return config.databases.flatMap(({ id, regions }) => {
    const count = regions.find((member) => member.region === region)?.instances ?? 0;
    return Array.from({ length: count }, (_, position) => ({ database: id, number: position + 1 }));
  });
}

function planLinkEnds(
  scheme: AddressScheme,
  here: OwnPlan,
  regions: readonly OwnPlan[],
): Pick<RegionPlan, "controllerSeenHere" | "seen"> {
  return {
    controllerSeenHere: scheme.controllerSeenFrom(here.index),
    seen: regions
      .filter((other) => other !== here)
      .map((other) => ({
        region: other.region,
        agent: scheme.agentSeenFrom(here.index, other.index),
        gateway: scheme.gatewaySeenFrom(here.index, other.index),
        edge: other.edge && scheme.edgeSeenFrom(here.index, other.index),
        instances: other.instances.map((instance) => ({
          ...instance,
          address: scheme.instanceSeenFrom(here.index, other.index, instance.k),
        })),
      })),
  };
}

function routesFrom(
  here: RegionPlan,
  regions: readonly RegionPlan[],
  scheme: AddressScheme,
  control: Address,
): readonly LinkRoute[] {
  const route =
    (to: LinkEnd, toIndex: number) =>
    (flowClass: FlowClass, listen: Address, target: Address): LinkRoute => ({
      from: here.region,
      to,
      flowClass,
      listen,
      target,
      sourceHost: scheme.sourceHost(toIndex, here.index),
    });
  const toRegions = here.seen.flatMap((seen) => {
    const other = findRegion(regions, seen.region);
    const toOther = route(other.region, other.index);
    return [
      toOther("control", seen.agent, other.agent),
      toOther("data", seen.gateway, other.gateway),
      ...(seen.edge && other.edge ? [toOther("data", seen.edge, other.edge)] : []),
      ...seen.instances.map((instance) =>
        toOther("data", instance.address, findInstance(other.instances, instance).address),
      ),
    ];
  });
  return [route("controller", 0)("control", here.controllerSeenHere, control), ...toRegions];
}

/** The Region must be one of the world. */
export function regionPlan(plan: AddressPlan, region: RegionId): RegionPlan {
  return findRegion(plan.regions, region);
}

/**
 * Where programs in `from` reach an instance: directly in their own Region, and from the outside
 * (`undefined`: a person at this machine); through a link from another Region.
 */
export function instanceAddress(
  plan: AddressPlan,
  from: RegionId | undefined,
  instance: InstanceId,
): Address {
  if (from === undefined || from === instance.region) {
    return findInstance(regionPlan(plan, instance.region).instances, instance).address;
  }
  const seen = regionPlan(plan, from).seen.find(({ region }) => region === instance.region);
  assert(seen !== undefined, `${instance.region} is a Region of this world`);
  return findInstance(seen.instances, instance).address;
}

/** Everything that the programs of this world bind, to be checked before the start and to be printed. */
export function listeners(plan: AddressPlan): readonly Listener[] {
  return [
    { address: plan.api, what: "API" },
    { address: plan.control, what: "controller, for its agents" },
    ...placed(plan.entry, "global entry"),
    ...placed(plan.distribution, "distribution"),
    ...placed(plan.dns, "DNS"),
    ...plan.regions.flatMap(listenersIn),
    ...plan.routes.map(({ from, to, listen, flowClass }) => ({
      address: listen,
      what: `link from ${from} to ${to}, ${flowClass}`,
    })),
  ];
}

function listenersIn(plan: RegionPlan): readonly Listener[] {
  const { region, agent, gateway, gatewayDesk, frontDesk, rest, instances, services } = plan;
  return [
    { address: agent, what: `agent of ${region}` },
    { address: gatewayDesk, what: `agent of ${region}, for its gateway` },
    ...placed(frontDesk, `agent of ${region}, for its front door`),
    { address: gateway, what: `gateway of ${region}` },
    ...placed(plan.edge, `entry of ${region}`),
    ...placed(plan.dns, `DNS of ${region}`),
    ...placed(plan.pgbouncer, `PgBouncer of ${region}`),
    { address: rest, what: `agent of ${region}, for load balancers` },
    ...instances.map(({ database, number, address }) => ({
      address,
      what: `PostgreSQL ${formatInstance({ database, region, number })}`,
    })),
    ...services.flatMap(({ service, address, replicas }) => [
      { address, what: `service ${service} of ${region}` },
      ...replicas
        .filter((replica) => replica !== address)
        .map((replica, index) => ({
          address: replica,
          what: `replica ${formatReplica({ service, region, number: index + 1 })}`,
        })),
    ]),
  ];
}

function placed(address: Address | undefined, what: string): readonly Listener[] {
  return address ? [{ address, what }] : [];
}

function findRegion(regions: readonly RegionPlan[], region: RegionId): RegionPlan {
  const found = regions.find((plan) => plan.region === region);
  assert(found !== undefined, `${region} is a Region of this world`);
  return found;
}

function findInstance(
  instances: readonly InstancePlan[],
  wanted: { readonly database: DatabaseId; readonly number: number },
): InstancePlan {
  const found = instances.find(
    ({ database, number }) => database === wanted.database && number === wanted.number,
  );
  assert(found !== undefined, `${wanted.database}/${wanted.number} is an instance of this Region`);
  return found;
}
