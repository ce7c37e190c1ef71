/** What a name of the zone can have. All of it is of the class IN and lives for the same time. */

/** 1 s: a moved name is asked for again at once. Also how long nobody remembers that there is no such name. */
export const ttlSeconds = 1;

export type ZoneRecord =
  | { readonly type: "A"; readonly host: string }
  | { readonly type: "CNAME"; readonly target: string }
  | { readonly type: "NS"; readonly target: string }
  | { readonly type: "SRV"; readonly port: number; readonly target: string }
  | { readonly type: "TXT"; readonly texts: readonly string[] }
  | { readonly type: "SOA"; readonly server: string; readonly mailbox: string };

export type ZoneNode =
  /** None at all: the name is there because others are below it, or because all that it could lead to is Off. */
  | { readonly kind: "records"; readonly records: readonly ZoneRecord[] }
  /** Each answer takes one of them by chance. The shares add up to 1. */
  | { readonly kind: "shared"; readonly shares: readonly RecordShare[] }
  /** It depends on what nobody has said yet. */
  | { readonly kind: "unknown" };

export type RecordShare = { readonly share: number; readonly records: readonly ZoneRecord[] };

/** The zone as one place sees it, at one revision of the traffic state. */
export type ZoneView = {
  /** In lower case, without a dot at the end, as all names in here. */
  readonly zone: string;
  readonly serial: number;
  /** Every name that exists. */
  readonly nodes: ReadonlyMap<string, ZoneNode>;
};
