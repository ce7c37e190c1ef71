/** Connection strings of the gateways, with passwords: for the owner of the state directory, who may read them anyway. Pure. */
import type { ApiGateway, ApiRegion, ApiStatus } from "../api/api.ts";
import type { WorldSecrets } from "../config/secrets.ts";
import type { StateLayout } from "../config/state-directory.ts";
import { passwordOf } from "./psql-target.ts";

/** By the name that a client gives as its database. */
export type GatewayUrls = Readonly<Record<string, string>>;

type WithUrls = ApiRegion & { readonly gateway: ApiGateway & { readonly urls: GatewayUrls } };

export type StatusWithUrls = ApiStatus & { readonly regions: Readonly<Record<string, WithUrls>> };

/** A name has none when the state directory holds no password for its user. */
export function withUrls(
  status: ApiStatus,
  secrets: WorldSecrets,
  layout: Pick<StateLayout, "caCertificate">,
): StatusWithUrls {
  const regions = Object.entries(status.regions).map(([name, region]) => {
    const urls = urlsOf(region.gateway, secrets, layout);
    return [name, { ...region, gateway: { ...region.gateway, urls } }] as const;
  });
  return { ...status, regions: Object.fromEntries(regions) };
}

function urlsOf(
  { address, port, tls, names }: ApiGateway,
  secrets: WorldSecrets,
  { caCertificate }: Pick<StateLayout, "caCertificate">,
): GatewayUrls {
  // Where TLS is only offered, drivers do as they are used to; where nobody comes in without, they are told how.
  const root = encodeURIComponent(caCertificate);
  const options = tls === "required" ? `?sslmode=verify-full&sslrootcert=${root}` : "";
  const urls = Object.entries(names).flatMap(([name, { database, user }]) => {
    const password = passwordOf(secrets, database, user);
    if (password === undefined) return [];
    const who = `${encodeURIComponent(user)}:${encodeURIComponent(password.reveal())}`;
    const place = `${address}:${port}/${encodeURIComponent(name)}`;
    return [[name, `postgresql://${who}@${place}${options}`] as const];
  });
  return Object.fromEntries(urls);
}
