/** Which Region a client stands near to. */
import type { RegionId } from "../model/region.ts";
import { isInNetwork, parseAddress, parseNetwork, type NetworkBlock } from "./network-block.ts";

export type NearMap = {
  readonly networks: readonly { readonly region: RegionId; readonly block: NetworkBlock }[];
  /** Of a request; undefined: no header is asked. */
  readonly header: string | undefined;
  /** The one that counts when nothing else says. */
  readonly first: RegionId;
};

export function nearMap(
  regions: readonly { readonly region: RegionId; readonly network: string }[],
  header: string | undefined,
  first: RegionId,
): NearMap {
  const networks = regions.flatMap(({ region, network }) => {
    const block = parseNetwork(network);
    // A network of everybody, as where all Regions share one address, says nothing.
    return block === undefined || sharesNetwork(regions, network) ? [] : [{ region, block }];
  });
  return { networks, header: header?.toLowerCase(), first };
}

const sharesNetwork = (
  regions: readonly { readonly network: string }[],
  network: string,
): boolean => regions.filter((other) => other.network === network).length > 1;

/** @param rawHeaders names and values in turn; the header is asked before the address */
export function nearRegion(
  map: NearMap,
  address: string,
  rawHeaders: readonly string[],
  regions: Pick<ReadonlySet<string>, "has">,
): RegionId {
  const named = map.header === undefined ? undefined : valueOf(rawHeaders, map.header);
  if (named !== undefined && regions.has(named)) return named as RegionId;
  const source = parseAddress(address);
  if (source === undefined) return map.first;
  const found = map.networks.find(({ block }) => isInNetwork(source, block));
  return found?.region ?? map.first;
}

function valueOf(rawHeaders: readonly string[], name: string): string | undefined {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) return rawHeaders[at + 1];
  }
  return undefined;
}
