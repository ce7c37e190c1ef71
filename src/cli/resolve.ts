/** `leeward resolve`: asks the DNS server of one Region, or the one outside, as a client there would. */
import { Command } from "commander";
import type { ApiNameList } from "../api/traffic-api.ts";
import type { Resolved } from "../dns/dns.ts";
import { resolveName } from "../dns/resolve.ts";
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import { nodeDatagrams } from "../env/node/datagrams.ts";
import { nodeRandom } from "../env/node/random.ts";
import type { Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { unknown, withWorld } from "./context.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { table } from "./output.ts";

type Options = { readonly from?: string };

export function resolveCommand(run: Run): Command {
  return new Command("resolve")
    .argument("<name>", "with or without the zone; a dot at the end: as it is")
    .description("Resolve a name as it looks from a Region.")
    .option("--from <region>", "from this Region; left out: from outside")
    .addHelpText(
      "after",
      `
Examples:
  leeward resolve orders.writer --from us-west-2
  leeward resolve orders.reader --from us-west-2 --json`,
    )
    .action((name: string, { from }: Options) => run((frame) => resolve(frame, name, from)));
}

async function resolve(frame: Frame, name: string, from: string | undefined): Promise<void> {
  const names = await withWorld(frame, ({ client }) => client.traffic.names(frame.signal));
  const server = serverFor(names, from);
  const { clock, signal } = frame;
  // It asks alone, and accepts nobody.
  const sockets = new NodeByteSockets({ clock, onAcceptError: () => undefined });
  const doors = { clock, random: nodeRandom, sockets, datagrams: nodeDatagrams };
  const found = await resolveName(doors, server, wholeName(name, names.zone), signal);
  if (frame.options.json) {
    const { chain, address, ttl } = found;
    return printJson(frame, { name: found.name, chain, address: address ?? null, ttl });
  }
  printLine(frame, resolvedLines(found).join("\n"));
  return undefined;
}

/** @throws Failure `region.unknown`, `dns.no-such-name` in a world that answers for no names */
function serverFor({ views }: ApiNameList, from: string | undefined): Address {
  if (views.length === 0) {
    const message =
      "This world answers for no names: `traffic: {}` in leeward.yaml gives it a DNS zone";
    throw new Failure("dns.no-such-name", message);
  }
  const view = views.find(({ region }) => region === (from ?? null));
  if (view) return { host: view.dns.address, port: view.dns.port };
  const known = views.flatMap(({ region }) => (region === null ? [] : [region]));
  throw new Failure("region.unknown", unknown("Region", from ?? "", known));
}

/** `orders.writer` is `orders.writer.leeward.internal`; what ends in a dot or in the zone is whole. */
export function wholeName(name: string, zone: string): string {
  if (name.endsWith(".")) return name.slice(0, -1);
  const lower = name.toLowerCase();
  return lower === zone || lower.endsWith(`.${zone}`) ? name : `${name}.${zone}`;
}

export function resolvedLines({ name, chain }: Resolved): readonly string[] {
  if (chain.length === 0) return [`${name} is there, and has no address`];
  return table(chain.map((link) => [link.name, link.type, link.data, `ttl ${link.ttl}`]));
}
