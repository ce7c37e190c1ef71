import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import {
  instanceAddress,
  listeners,
  planAddresses,
  regionPlan,
  type AddressPlan,
} from "./addresses.ts";
import { loadConfig } from "./load.ts";
import type { Config } from "./config.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const catalog = "catalog" as DatabaseId;

const config = (more = ""): Config =>
  loadConfig(
    `name: shop
regions: { us-east-1: {}, us-west-2: {} }
databases: { orders: { primary: us-east-1 }, catalog: { primary: us-east-1 } }
${more}`,
    "leeward.yaml",
  ).config;

const withServices = config(`pgbouncer: {}
services: { web: { command: [web], port: 8443 } }
traffic: { entry: { service: web }, distribution: {} }`);

/** Worlds small and large; each database has some of the Regions, with some instances. */
const anyConfig: fc.Arbitrary<Config> = fc
  .record({
    world: fc.integer({ min: 0, max: 20 }),
    services: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
    regions: fc.integer({ min: 1, max: 8 }),
    databases: fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }), {
      minLength: 1,
      maxLength: 5,
    }),
  })
  .map(({ world, services, regions, databases }) => {
    const ids = Array.from({ length: regions }, (_, index) => `region-${index}` as RegionId);
    const [first] = withServices.services;
    if (!first) throw new Error("there is a service to copy");
    return {
      ...withServices,
      world,
      services: services.map((max, index) => ({
        ...first,
        id: `service-${index}` as ServiceId,
        port: 9000 + index,
        regions: ids.slice(0, 1 + (index % 8)),
        scaling: { ...first.scaling, max },
      })),
      regions: ids,
      databases: databases.map((counts, index) => ({
        id: `db-${index}` as DatabaseId,
        placement: { kind: "local" },
        regions: ids.flatMap((region, position) => {
          const instances = counts[position] ?? 0;
          return instances === 0 ? [] : [{ region, instances }];
        }),
        roles: [],
        owner: undefined,
        consistency: "session",
        settings: [],
      })),
    };
  });

function everyAddress(plan: AddressPlan): readonly string[] {
  return listeners(plan).map(({ address }) => formatAddress(address));
}

test.for(["linux", "other"] as const)(
  "no two listeners of a world share an address (%s)",
  (platform) => {
    fc.assert(
      fc.property(anyConfig, (any) => {
        const addresses = everyAddress(planAddresses(any, platform));
        expect(new Set(addresses).size).toBe(addresses.length);
      }),
    );
  },
);

test("two worlds on Linux share no address", () => {
  fc.assert(
    fc.property(anyConfig, anyConfig, (one, other) => {
      fc.pre(one.world !== other.world);
      const ofOne = new Set(everyAddress(planAddresses(one, "linux")));
      expect(
        everyAddress(planAddresses(other, "linux")).filter((address) => ofOne.has(address)),
      ).toEqual([]);
    }),
  );
});

test("every route leads from an address of its own Region to a listener of the other end", () => {
  fc.assert(
    fc.property(anyConfig, (any) => {
      const plan = planAddresses(any, "linux");
      const own = new Set(
        plan.regions.flatMap(({ agent, gateway, edge, instances }) => [
          agent,
          gateway,
          ...(edge ? [edge] : []),
          ...instances.map(({ address }) => address),
        ]),
      );
      for (const { from, to, listen, target, sourceHost } of plan.routes) {
        expect(listen.host.startsWith(prefixOf(plan, from as RegionId))).toBe(true);
        expect(target === plan.control || own.has(target)).toBe(true);
        const targetPrefix = to === "controller" ? `127.${any.world}.0.` : prefixOf(plan, to);
        expect(sourceHost?.startsWith(targetPrefix)).toBe(true);
      }
    }),
  );
});

const prefixOf = (plan: AddressPlan, region: RegionId): string =>
  regionPlan(plan, region).cidr.replace("0/24", "");

test("each Region lives in its own block of loopback addresses", () => {
  const plan = planAddresses({ ...withServices, world: 7 }, "linux");
  expect(plan).toMatchObject({
    scheme: "loopback-block",
    api: { host: "127.7.0.1", port: 7400 },
    control: { host: "127.7.0.1", port: 7401 },
    entry: { host: "127.7.0.1", port: 8080 },
    distribution: { host: "127.7.0.1", port: 8081 },
    dns: { host: "127.7.0.1", port: 5300 },
  });
  expect(regionPlan(plan, west)).toMatchObject({
    index: 2,
    cidr: "127.7.2.0/24",
    allowFrom: ["127.7.2.0/24", "127.7.0.0/24", "127.0.0.1/32"],
    gateway: { host: "127.7.2.1", port: 6432 },
    edge: { host: "127.7.2.1", port: 8080 },
    dns: { host: "127.7.2.1", port: 5300 },
    pgbouncer: { host: "127.7.2.3", port: 6432 },
    services: [
      {
        service: "web",
        address: { host: "127.7.2.1", port: 8443 },
        replicas: [{ host: "127.7.2.4", port: 20_001 }],
      },
    ],
    agent: { host: "127.7.2.2", port: 7402 },
    gatewayDesk: { host: "127.7.2.2", port: 7403 },
    frontDesk: { host: "127.7.2.2", port: 7404 },
    rest: { host: "127.7.2.2", port: 8008 },
    controllerSeenHere: { host: "127.7.2.100", port: 7401 },
  });
});

test("an instance is reached directly at home and from outside, and through the link from elsewhere", () => {
  const plan = planAddresses(config(), "linux");
  const instance = { database: catalog, region: east, number: 1 };
  expect(formatAddress(instanceAddress(plan, east, instance))).toBe("127.0.1.12:5432");
  expect(formatAddress(instanceAddress(plan, undefined, instance))).toBe("127.0.1.12:5432");
  expect(formatAddress(instanceAddress(plan, west, instance))).toBe("127.0.2.101:5433");
  expect(plan.routes).toContainEqual({
    from: west,
    to: east,
    flowClass: "data",
    listen: { host: "127.0.2.101", port: 5433 },
    target: { host: "127.0.1.12", port: 5432 },
    sourceHost: "127.0.1.102",
  });
});

test.for([
  ["linux", { host: "127.3.2.101", port: 6432 }, "127.3.1.102"],
  ["other", expect.objectContaining({ host: "127.0.0.1" }), undefined],
] as const)(
  "each Region reaches the gateways of the others through its links alone (%s)",
  ([platform, listen, sourceHost]) => {
    const plan = planAddresses(config("world: 3"), platform);
    const { gateway } = regionPlan(plan, east);
    const ways = plan.routes.filter(({ target }) => target === gateway);
    expect(ways).toEqual([
      { from: west, to: east, flowClass: "data", listen, target: gateway, sourceHost },
    ]);
    expect(regionPlan(plan, west).seen[0]?.gateway).toEqual(listen);
  },
);

test("a world has addresses for what it wants alone: entries, names, a PgBouncer", () => {
  const plan = planAddresses(config(), "linux");
  expect([plan.entry, plan.distribution, plan.dns]).toEqual([undefined, undefined, undefined]);
  const { edge, pgbouncer, dns, frontDesk } = regionPlan(plan, west);
  expect([edge, pgbouncer, dns, frontDesk]).toEqual([undefined, undefined, undefined, undefined]);
  expect(planAddresses(config("traffic: {}"), "linux").dns).toEqual({
    host: "127.0.0.1",
    port: 5300,
  });
});

test("what Leeward starts itself listens at the service's own address", () => {
  const plan = planAddresses(config("services: { cache: { kind: redis, port: 6379 } }"), "linux");
  const address = { host: "127.0.2.1", port: 6379 };
  expect(regionPlan(plan, west).services).toEqual([
    { service: "cache", address, replicas: [address] },
  ]);
});

test("the shared scheme takes consecutive ports of 127.0.0.1 from its base", () => {
  const plan = planAddresses(config("addresses: shared\nports: 9000"), "linux");
  expect(plan.scheme).toBe("shared");
  const ports = everyAddress(plan).map((address) => Number(address.replace("127.0.0.1:", "")));
  expect(ports.toSorted((a, b) => a - b)).toEqual(ports.map((_, index) => 9000 + index));
  expect(plan.routes.every(({ sourceHost }) => sourceHost === undefined)).toBe(true);
});

test("worlds side by side in the shared scheme begin 400 ports apart", () => {
  expect(planAddresses(config(), "other").api.port).toBe(21_000);
  expect(planAddresses(config("world: 2"), "other").api.port).toBe(21_800);
});

test("a world that needs more ports than there are is refused", () => {
  expect(() =>
    planAddresses(config("addresses: shared\nports: 65000\nworld: 1"), "other"),
  ).not.toThrow();
  const full = { ...config("addresses: shared"), portsBase: 65_530 };
  expect(() => planAddresses(full, "other")).toThrow(Failure);
});
