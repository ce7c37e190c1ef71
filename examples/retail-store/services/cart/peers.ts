/** The carts databases of the other Regions, as `CARTS_PEERS` names them. Pure. */

/** What it takes to reach another Region's carts database over the link. */
export type Peer = {
  readonly region: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
};

/**
 * `us-west-2=postgres://carts@127.0.1.102:5433/carts,…`; empty where there is no other Region.
 * @throws Error that names the entry that cannot be read
 */
export function parsePeers(text: string): readonly Peer[] {
  const entries = text.split(",").filter((entry) => entry.trim() !== "");
  return entries.map((entry) => parsePeer(entry.trim()));
}

const entryPattern =
  /^(?<region>[a-z][a-z0-9-]{0,39})=postgres(?:ql)?:\/\/(?<user>[^@:/]+)@(?<host>[^@:/]+)(?::(?<port>\d{1,5}))?\/(?<database>[^/?#]+)$/;

function parsePeer(entry: string): Peer {
  const found = entryPattern.exec(entry)?.groups;
  if (!found) {
    // Only what stands before it: the address might have a password in it.
    const [region = ""] = entry.split("=");
    throw new Error(
      `CARTS_PEERS has an entry (${region}) that is not REGION=postgres://USER@HOST:PORT/DATABASE`,
    );
  }
  const { region = "", user = "", host = "", port = "5432", database = "" } = found;
  return {
    region,
    host,
    port: Number(port),
    user: decodeURIComponent(user),
    database: decodeURIComponent(database),
  };
}

/** Of our subscription to a peer: `carts_from_us_west_2`. */
export function subscriptionName(peer: string): string {
  return `carts_from_${peer.replaceAll("-", "_")}`;
}

/**
 * Of the slot in a peer's database that sends to us: `carts_to_us_east_1_t1`. It names the timeline of our own database:
 * one that was promoted or restored lacks what it had already confirmed, and has to begin with a copy, from a new slot.
 */
export function slotName(self: string, timeline: number): string {
  return `${slotPrefix(self)}${timeline}`;
}

/** What the names of all slots begin with that were ever made for this Region. */
export function slotPrefix(self: string): string {
  return `carts_to_${self.replaceAll("-", "_")}_t`;
}
