/** The rules between the sections `services`, `traffic` and `pgbouncer`, and with the rest of `leeward.yaml`. */
import type { Breach } from "./breach.ts";
import { servicesMax } from "./limits.ts";
import { placeholdersIn, type Found } from "./placeholder.ts";
import type { ConfigDocument } from "./schema.ts";
import type { ServiceDocument } from "./services-schema.ts";

/** Where Leeward itself listens at a Region's first address: gateway, edge, DNS. */
const portsTaken = new Map([
  [6432, "the gateway's"],
  [8080, "the Region's own entry's"],
  [5300, "the Region's DNS server's"],
]);

/** `ns.ZONE`, `gateway.REGION.ZONE`, `edge.REGION.ZONE`. */
const namesTaken = new Set(["ns", "gateway", "edge"]);

/** `leeward scale pre` warms a Region. */
const wordsTaken = new Set(["pre"]);

export function checkTraffic(document: ConfigDocument): readonly Breach[] {
  return [
    ...Object.entries(document.services).flatMap(([name, service]) =>
      checkService(document, name, service),
    ),
    ...checkServices(document),
    ...checkEntry(document),
    ...checkOrigin(document),
    ...checkPanels(document),
    ...checkPooler(document),
  ];
}

function known(
  path: readonly string[],
  given: string | undefined,
  allowed: readonly string[],
  what: string,
): readonly Breach[] {
  if (given === undefined || allowed.includes(given)) return [];
  return [{ path, message: `is "${given}", which is no ${what} of this world`, given, allowed }];
}

function checkService(
  { databases, services, regions }: ConfigDocument,
  name: string,
  service: ServiceDocument,
): readonly Breach[] {
  const path = ["services", name];
  const others = [...Object.keys(databases), ...Object.keys(services)].filter(
    (one) => one !== name,
  );
  const breaches: Breach[] = [
    ...(["needs", "uses"] as const).flatMap((field) =>
      service[field].flatMap((need, index) =>
        known([...path, field, String(index)], need, others, "database or other service"),
      ),
    ),
    ...(service.regions ?? []).flatMap((region, index) =>
      known([...path, "regions", String(index)], region, Object.keys(regions), "Region"),
    ),
  ];
  if (wordsTaken.has(name)) {
    breaches.push({ path, message: "is a word of `leeward scale`; choose another name" });
  }
  if (namesTaken.has(name)) {
    breaches.push({ path, message: "is a name of the DNS zone's own; choose another one" });
  }
  if (Object.hasOwn(databases, name)) {
    breaches.push({ path, message: "has the name of a database; both would be called by it" });
  }
  if (service.kind === "command" && service.command === undefined) {
    breaches.push({ path: [...path, "command"], message: "is missing: what is to be run?" });
  }
  if (service.kind !== "command" && service.command !== undefined) {
    const message = `has no place here: Leeward starts ${service.kind} itself`;
    breaches.push({ path: [...path, "command"], message });
  }
  const taken = portsTaken.get(service.port);
  if (taken !== undefined) {
    breaches.push({ path: [...path, "port"], message: `is ${service.port}, which is ${taken}` });
  }
  return [
    ...breaches,
    ...checkReplicas(path, service),
    ...checkTiming(path, service),
    ...checkEnvironment(path, service, databases),
  ];
}

function checkEnvironment(
  path: readonly string[],
  { environment }: ServiceDocument,
  databases: ConfigDocument["databases"],
): readonly Breach[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    placeholdersIn(String(value)).flatMap((found) =>
      checkPlaceholder([...path, "environment", name], found, databases),
    ),
  );
}

function checkPlaceholder(
  path: readonly string[],
  { whole, meaning }: Found,
  databases: ConfigDocument["databases"],
): readonly Breach[] {
  if (meaning === undefined) {
    const message = whole.startsWith("${secret:")
      ? `holds ${whole}; the name of a secret is 1 to 63 lower-case letters, digits and hyphens, for example \${secret:session}`
      : `holds ${whole}, and only \${region}, \${replica}, \${host}, \${port}, \${password:DATABASE/ROLE} and \${secret:NAME} are filled in`;
    return [{ path, message }];
  }
  if (meaning.kind !== "password") return [];
  const roles = Object.keys(databases[meaning.database]?.roles ?? {});
  if (roles.includes(meaning.role)) return [];
  return [{ path, message: `holds ${whole}, and there is no such role`, allowed: roles }];
}

function checkReplicas(path: readonly string[], { kind, replicas }: ServiceDocument): Breach[] {
  const { min, max } = typeof replicas === "object" ? replicas : { min: replicas, max: replicas };
  if (kind !== "command" && max > 1) {
    const message = `is more than 1: each Region has one ${kind}, whose data no other replica would have`;
    return [{ path: [...path, "replicas"], message }];
  }
  if (min <= max) return [];
  return [{ path: [...path, "replicas", "min"], message: `is ${min}, and \`max\` is ${max}` }];
}

function checkTiming(path: readonly string[], { health, protocol }: ServiceDocument): Breach[] {
  if (health === undefined) return [];
  const hasPath = typeof health === "string" || health.path !== undefined;
  if (protocol === "tcp" && hasPath) {
    const message = "names a path, and a service that speaks `tcp` has none";
    return [{ path: [...path, "health"], message }];
  }
  return [];
}

function checkServices({ services }: ConfigDocument): readonly Breach[] {
  const names = Object.keys(services);
  const breaches: Breach[] = [];
  if (names.length > servicesMax) {
    const message = `has ${names.length} services; the address plan has room for ${servicesMax}`;
    breaches.push({ path: ["services"], message });
  }
  const byPort = new Map<number, string>();
  for (const [name, { port }] of Object.entries(services)) {
    const first = byPort.get(port);
    if (first === undefined) byPort.set(port, name);
    else {
      const message = `is ${port}, which \`${first}\` has already`;
      breaches.push({ path: ["services", name, "port"], message });
    }
  }
  return [...breaches, ...circles(services)];
}

/** Services that wait for each other would wait for ever. */
function circles(services: ConfigDocument["services"]): readonly Breach[] {
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    (services[from]?.needs ?? []).some((need) => {
      if (need === to) return true;
      if (seen.has(need)) return false;
      seen.add(need);
      return reaches(need, to, seen);
    });
  return Object.keys(services)
    .filter((name) => reaches(name, name, new Set()))
    .map((name) => ({
      path: ["services", name, "needs"],
      message: "leads back to the service itself: it would wait for ever",
    }));
}

function checkEntry({ traffic, services, regions, databases }: ConfigDocument): readonly Breach[] {
  if (traffic === undefined) return [];
  const { entry, health, distribution } = traffic;
  const regionNames = Object.keys(regions);
  const breaches: Breach[] = [
    ...known(["traffic", "entry", "service"], entry?.service, Object.keys(services), "service"),
    ...known(
      ["traffic", "health", "database"],
      health.database,
      Object.keys(databases),
      "database",
    ),
    ...known(["traffic", "distribution", "origin"], distribution?.origin, regionNames, "Region"),
    ...known(
      ["traffic", "distribution", "database"],
      distribution?.database,
      Object.keys(databases),
      "database",
    ),
    ...Object.keys(traffic.regions).flatMap((region) =>
      known(["traffic", "regions", region], region, regionNames, "Region"),
    ),
  ];
  if (entry && services[entry.service]?.protocol === "tcp") {
    const message = `is "${entry.service}", which speaks tcp; the entries speak http`;
    breaches.push({ path: ["traffic", "entry", "service"], message });
  }
  if (distribution && !entry) {
    const message = "needs an `entry`: its origins are the Regions' own entries";
    breaches.push({ path: ["traffic", "distribution"], message });
  }
  return breaches;
}

/** From there the distribution would have no answer, and would fall back at every request. */
function checkOrigin({ traffic, services, regions }: ConfigDocument): readonly Breach[] {
  const service = traffic?.entry?.service ?? "";
  const origin = traffic?.distribution?.origin;
  const there = services[service]?.regions;
  if (origin === undefined || there === undefined) return [];
  if (!(origin in regions) || there.includes(origin)) return [];
  const message = `is "${origin}", where the entry's service "${service}" does not run`;
  return [{ path: ["traffic", "distribution", "origin"], message }];
}

function checkPanels({ traffic, regions, services }: ConfigDocument): readonly Breach[] {
  const owners = new Map<string, string>();
  return Object.entries(traffic?.panels ?? {}).flatMap(([panel, { controls, rules }]) => {
    const path = ["traffic", "panels", panel];
    const names = Object.keys(controls);
    const twice = names.flatMap((name) => {
      const owner = owners.get(name);
      owners.set(name, panel);
      if (owner === undefined) return [];
      return [
        { path: [...path, "controls", name], message: `is a control of \`${owner}\` already` },
      ];
    });
    return [
      ...twice,
      ...Object.entries(controls).flatMap(([name, { region, service }]) => [
        ...known([...path, "controls", name, "region"], region, Object.keys(regions), "Region"),
        ...known([...path, "controls", name, "service"], service, Object.keys(services), "service"),
      ]),
      ...Object.entries(rules).flatMap(([name, rule]) =>
        checkRule([...path, "rules", name], rule, names),
      ),
    ];
  });
}

type Panels = NonNullable<NonNullable<ConfigDocument["traffic"]>["panels"]>;

function checkRule(
  path: readonly string[],
  { controls, type, threshold }: Panels[string]["rules"][string],
  names: readonly string[],
): readonly Breach[] {
  const breaches: Breach[] = (controls ?? []).flatMap((control, index) => [
    ...known([...path, "controls", String(index)], control, names, "control"),
  ]);
  const about = controls?.length ?? names.length;
  if (new Set(controls).size < (controls?.length ?? 0)) {
    breaches.push({ path: [...path, "controls"], message: "names a control twice" });
  }
  if (type !== "atleast" || threshold <= about) return breaches;
  const message = `is ${threshold}, and the rule is about ${about} controls: it could never hold`;
  return [...breaches, { path: [...path, "threshold"], message }];
}

function checkPooler({ pgbouncer, databases, regions }: ConfigDocument): readonly Breach[] {
  if (pgbouncer === undefined) return [];
  const path = ["pgbouncer"];
  return [
    ...checkUsers(databases),
    ...(pgbouncer.regions ?? []).flatMap((region, index) =>
      known([...path, "regions", String(index)], region, Object.keys(regions), "Region"),
    ),
    ...Object.entries(pgbouncer.names).flatMap(([name, { database }]) => {
      const reserved: readonly Breach[] =
        name === "pgbouncer"
          ? [{ path: [...path, "names", name], message: "is PgBouncer's own console" }]
          : [];
      return [
        ...reserved,
        ...known(
          [...path, "names", name, "database"],
          database,
          Object.keys(databases),
          "database",
        ),
      ];
    }),
  ];
}

/** PgBouncer has one list of users for all its databases, and each role has a password of its own. */
function checkUsers(databases: ConfigDocument["databases"]): readonly Breach[] {
  const owners = new Map<string, string>();
  return Object.entries(databases).flatMap(([name, { roles }]) =>
    Object.keys(roles).flatMap((role) => {
      const owner = owners.get(role);
      owners.set(role, owner ?? name);
      if (owner === undefined) return [];
      const message = `is a role of \`${owner}\` as well, and PgBouncer knows users by name alone: give one of them another name`;
      return [{ path: ["databases", name, "roles", role], message }];
    }),
  );
}
