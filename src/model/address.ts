/** Where something listens: an IPv4 address and a TCP port. */
export type Address = { readonly host: string; readonly port: number };

export function formatAddress(address: Address): string {
  return `${address.host}:${address.port}`;
}
