/** Where each name of a PgBouncer has to lead. */
import type { Address } from "../model/address.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { PoolerSettings } from "../wire/program-settings.ts";
import { lineOf, type Line } from "./line.ts";

/** What the Region has been told about one database. */
export type Writer = {
  readonly database: DatabaseId;
  /** Undefined: nobody knows, or each Region has one of its own. */
  readonly writer: RegionId | undefined;
  /** It accepts writes. One that is only being promoted is nowhere to send anybody. */
  readonly isOpen: boolean;
};

export type Place = Pick<PoolerSettings, "names" | "gateways"> & { readonly region: RegionId };

/**
 * All names, in the order of the config. One whose writer is unknown or not open stays where it was last (`known`), and
 * where that is unknown too, or no gateway of ours, it leads to the Region's own gateway, which finds every writer by
 * itself. So no name is ever without a host.
 */
export function wantedLines(
  place: Place,
  writers: readonly Writer[],
  known: readonly Line[],
): readonly Line[] {
  const own = gatewayOf(place, place.region);
  assert(own !== undefined, "a Region's PgBouncer is told of the Region's own gateway");
  return place.names.map(({ name, database, mode }) => {
    if (mode === "local") return { name, ...own, dbname: `${database}-ro` };
    const last = lineOf(known, name);
    const to = openWriter(place, writers, database) ?? (last && knownGateway(place, last)) ?? own;
    return { name, ...to, dbname: `${database}-rw` };
  });
}

function openWriter(
  place: Place,
  writers: readonly Writer[],
  database: DatabaseId,
): Address | undefined {
  const found = writers.find((writer) => writer.database === database);
  if (found?.writer === undefined || !found.isOpen) return undefined;
  return gatewayOf(place, found.writer);
}

function gatewayOf({ gateways }: Place, region: RegionId): Address | undefined {
  const found = gateways.find((gateway) => gateway.region === region)?.address;
  return found && { host: found.host, port: found.port };
}

/** What a person has written into the file is no reason to lead clients there. */
function knownGateway({ gateways }: Place, { host, port }: Line): Address | undefined {
  const isOurs = gateways.some(({ address }) => address.host === host && address.port === port);
  return isOurs ? { host, port } : undefined;
}
