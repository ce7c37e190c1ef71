/** IPv4 networks as `leeward.yaml` and the address plan spell them: `127.0.1.0/24`. */

export type NetworkBlock = { readonly base: number; readonly mask: number };

/** Undefined: the text is no such network. */
export function parseNetwork(text: string): NetworkBlock | undefined {
  const [address = "", bits = "32"] = text.split("/");
  const base = parseAddress(address);
  const length = Number(bits);
  if (base === undefined || !/^\d{1,2}$/.test(bits) || length > 32) return undefined;
  const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
  return { base: (base & mask) >>> 0, mask };
}

export function isInNetwork(address: number, { base, mask }: NetworkBlock): boolean {
  return (address & mask) >>> 0 === base;
}

/** Also where a socket says it as IPv6: `::ffff:127.0.1.9`. */
export function parseAddress(text: string): number | undefined {
  const parts = (text.startsWith("::ffff:") ? text.slice("::ffff:".length) : text).split(".");
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    const value = Number(part);
    if (!/^\d{1,3}$/.test(part) || value > 255) return undefined;
    address = address * 256 + value;
  }
  return address;
}
