/**
 * The names of the zone Z as one place sees them: a Region, or the outside. Views differ in addresses, and in what is
 * nearest.
 *
 *   Z             SOA, NS, TXT                ns.Z          A      the server itself
 *   D.writer.Z    CNAME  gateway.R.Z          gateway.R.Z   A      R's gateway as it is reached from here
 *   D.reader.Z    CNAME  gateway.R.Z          edge.R.Z      A      R's entry as it is reached from here
 *   S.Z           CNAME  edge.R.Z (entry's)   S.R.Z         A      one Region's, whatever its health
 *   S.Z           A      (others, own Region)
 *   _postgresql._tcp.D.writer.Z, _postgresql._tcp.D.reader.Z       SRV of the same gateway
 *
 * Where two would have one name, the one further up has it.
 */
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { DatabaseNames, TrafficState } from "../model/traffic.ts";
import type { DatabaseStatics, ZoneSettings } from "./dns.ts";
import { regionShares } from "./region-shares.ts";
import { isWireName } from "./wire-name.ts";
import type { ZoneNode, ZoneRecord, ZoneView } from "./zone-record.ts";

type Named = readonly [name: string, node: ZoneNode];

const unknown: ZoneNode = { kind: "unknown" };

/** @param state undefined: nobody has said it yet, and names that depend on it cannot be answered */
export function viewZone(settings: ZoneSettings, state: TrafficState | undefined): ZoneView {
  const { zone } = settings;
  const named: readonly Named[] = [
    ...zoneItself(settings, state),
    ...regionNames(settings),
    ...databaseNames(settings, state),
    ...entryNames(settings, state),
    ...serviceNames(settings),
  ];
  const nodes = new Map<string, ZoneNode>();
  // A name that no packet has room for cannot be asked for: a long zone costs the SRV names, and nothing else.
  for (const [name, node] of named) {
    if (!nodes.has(name) && isWireName(name)) nodes.set(name, node);
  }
  for (const name of nodes.keys()) {
    // Appended names are visited as well, so each adds only the one right above it.
    const parent = name.slice(name.indexOf(".") + 1);
    if (name !== zone && !nodes.has(parent)) nodes.set(parent, plain());
  }
  return { zone, serial: state?.revision ?? 0, nodes };
}

function zoneItself(
  { zone, region, dns }: ZoneSettings,
  state: TrafficState | undefined,
): readonly Named[] {
  const server = `ns.${zone}`;
  const texts = [`view=${region ?? "outside"}`, `revision=${state?.revision ?? "unknown"}`];
  return [
    [
      zone,
      plain(
        { type: "SOA", server, mailbox: `hostmaster.${zone}` },
        { type: "NS", target: server },
        { type: "TXT", texts },
      ),
    ],
    [server, plain({ type: "A", host: dns.host })],
  ];
}

function regionNames({ zone, regions }: ZoneSettings): readonly Named[] {
  return regions.flatMap(({ region, gateway, edge }): readonly Named[] => [
    [`gateway.${region}.${zone}`, plain({ type: "A", host: gateway.host })],
    ...(edge === undefined
      ? []
      : [[`edge.${region}.${zone}`, plain({ type: "A", host: edge.host })] as const]),
  ]);
}

function databaseNames(settings: ZoneSettings, state: TrafficState | undefined): readonly Named[] {
  const { zone } = settings;
  const told = new Map(state?.names.map((names) => [names.database, names]));
  const later = [...told.values()].filter(
    ({ database }) => !settings.databases.some((known) => known.database === database),
  );
  return [...settings.databases, ...later.map(asStatics)].flatMap((database) => {
    const { writer, reader } = placesOf(settings, database, told.get(database.database));
    return [
      ...namesFor(settings, `${database.database}.writer.${zone}`, writer),
      ...namesFor(settings, `${database.database}.reader.${zone}`, reader),
    ];
  });
}

/** Of a database that was added after this program's start. */
const asStatics = ({ database, writer, readers }: DatabaseNames): DatabaseStatics => ({
  database,
  kind: writer === undefined ? "local" : "global",
  regions: readers,
});

type Places = { readonly writer: RegionId | undefined; readonly reader: RegionId | undefined };

function placesOf(
  settings: ZoneSettings,
  { kind, regions }: DatabaseStatics,
  names: DatabaseNames | undefined,
): Places {
  const nearest = nearestFirst(settings);
  if (kind === "local") {
    const own = nearest.find((region) => regions.includes(region));
    return { writer: own, reader: own };
  }
  const reader = nearest.find((region) => names?.readers.includes(region));
  // While no copy can be read from, its writer can.
  return { writer: names?.writer, reader: reader ?? names?.writer };
}

function namesFor(
  { zone, regions }: ZoneSettings,
  name: string,
  place: RegionId | undefined,
): readonly Named[] {
  const found = regions.find(({ region }) => region === place);
  const locator = `_postgresql._tcp.${name}`;
  if (found === undefined) return [name, locator].map((one) => [one, unknown]);
  const target = `gateway.${found.region}.${zone}`;
  return [
    [name, plain({ type: "CNAME", target })],
    [locator, plain({ type: "SRV", port: found.gateway.port, target })],
  ];
}

function entryNames(settings: ZoneSettings, state: TrafficState | undefined): readonly Named[] {
  const { zone, region, regions, entry } = settings;
  if (entry === undefined) return [];
  const direct = regions.flatMap(({ region: place, edge }): readonly Named[] => {
    const host = place === region ? hostOf(settings, entry.service) : edge?.host;
    if (host === undefined) return [];
    return [[`${entry.service}.${place}.${zone}`, plain({ type: "A", host })]];
  });
  return [[`${entry.service}.${zone}`, entryNode(settings, entry, state)], ...direct];
}

function entryNode(
  settings: ZoneSettings,
  { service, policy }: NonNullable<ZoneSettings["entry"]>,
  state: TrafficState | undefined,
): ZoneNode {
  if (state === undefined) return unknown;
  const { zone } = settings;
  const reachable = settings.regions.flatMap(({ region, edge }) => (edge ? [region] : []));
  const nearest = nearestFirst(settings).filter((region) => reachable.includes(region));
  const order = policy === "nearest" ? nearest : reachable;
  const candidates = order.flatMap((region) => {
    const traffic = state.regions.find((one) => one.region === region);
    const here = state.services.find((one) => one.service === service && one.region === region);
    if (traffic === undefined || here === undefined) return [];
    return [{ ...traffic, isHealthy: here.isHealthy, isOn: traffic.isOn && here.isOn }];
  });
  const shares = regionShares(policy, candidates).map(({ region, share }) => ({
    share,
    records: [{ type: "CNAME", target: `edge.${region}.${zone}` }] as const,
  }));
  const [only, another] = shares;
  if (only === undefined) return plain();
  return another === undefined ? plain(...only.records) : { kind: "shared", shares };
}

/** Programs of a Region find its other services also while no people are sent there: what is under way needs them. */
function serviceNames(settings: ZoneSettings): readonly Named[] {
  const { zone, region, services } = settings;
  if (region === undefined) return [];
  return services.flatMap(({ service }): readonly Named[] => {
    const node = plain({ type: "A", host: hostOf(settings, service) });
    return [
      [`${service}.${zone}`, node],
      [`${service}.${region}.${zone}`, node],
    ];
  });
}

/** What does not listen through the front door is at the same address itself, as everything of a Region. */
function hostOf({ services, dns }: ZoneSettings, wanted: ServiceId): string {
  return services.find(({ service }) => service === wanted)?.listen?.host ?? dns.host;
}

/** From the outside nobody is nearer than another, so the config's order stands. */
function nearestFirst({ region, regions }: ZoneSettings): readonly RegionId[] {
  const own = regions.find((one) => one.region === region);
  return own?.order ?? regions.map((one) => one.region);
}

const plain = (...records: readonly ZoneRecord[]): ZoneNode => ({ kind: "records", records });
