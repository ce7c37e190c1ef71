/** The world's own authority, and a certificate for the gateway of each Region; kept in the state directory. */
import { z } from "zod";
import type { AddressPlan, RegionPlan } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import type { StateLayout } from "../config/state-directory.ts";
import type { Certificates, CertifiedKey, ServerNames, Validity } from "../env/certificates.ts";
import type { Clock, Files } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import { Secret } from "../std/secret.ts";
import { secret } from "../wire/codec.ts";

const dayMs = 86_400_000;

/** 10 years: a new authority has to be handed to every client again. */
const authorityMs = 3_650 * dayMs;
/** 1 year: clients refuse much longer ones, and the next start after that makes another. */
const serverMs = 365 * dayMs;
/** 30 days: a world that is started once a month never shows an old certificate. */
const renewBeforeMs = 30 * dayMs;
/** 1 h: the clock of a client may be behind. */
const backdatedMs = 3_600_000;

const issued = z.object({
  certificate: z.string(),
  privateKey: secret,
  untilWallMs: z.number(),
});

const worldCertificates = z.object({
  version: z.literal(1),
  authority: issued,
  /** By Region; each with what it was made for. */
  servers: z.record(
    z.string(),
    issued.extend({ names: z.object({ hosts: z.array(z.string()), ips: z.array(z.string()) }) }),
  ),
});

type WorldCertificates = z.output<typeof worldCertificates>;
type Issued = z.output<typeof issued>;

/** What a gateway shows to its clients; PEM. */
export type GatewayIdentity = { readonly certificate: string; readonly privateKey: Secret };

export type CertificateDoors = {
  readonly files: Files;
  readonly clock: Clock;
  readonly certificates: Certificates;
};

/**
 * Makes what is missing, what has other names by now, and what is about to run out; an authority only when it must
 * be. The authority's certificate lies where clients find it. Nothing is made where the config wants no TLS.
 * @throws Failure `state.damaged`, `state.not-writable`, `disk.full`
 */
export async function keepCertificates(
  doors: CertificateDoors,
  world: { readonly config: Config; readonly plan: AddressPlan },
  layout: StateLayout,
): Promise<ReadonlyMap<RegionId, GatewayIdentity>> {
  const { config, plan } = world;
  if (config.gateway.tls === "off") return new Map();
  const { files } = doors;
  const text = files.read(layout.certificates);
  const known = text === undefined ? undefined : parse(text, layout.certificates);
  const kept = await complete(doors, known, { name: config.name, wanted: wantedIn(config, plan) });
  const now = format(kept);
  if (now !== text) files.write(layout.certificates, now, 0o600);
  if (files.read(layout.caCertificate) !== kept.authority.certificate) {
    files.write(layout.caCertificate, kept.authority.certificate, 0o644);
  }
  return new Map(
    plan.regions.flatMap(({ region }) => {
      const server = Object.hasOwn(kept.servers, region) ? kept.servers[region] : undefined;
      return server ? [[region, server]] : [];
    }),
  );
}

type Wanted = { readonly region: RegionId; readonly names: ServerNames };

function wantedIn(config: Config, plan: AddressPlan): readonly Wanted[] {
  return plan.regions.map((one) => ({ region: one.region, names: gatewayNames(config, one) }));
}

/** What a client may write as the host: the Region's address, and every name that could lead there. */
export function gatewayNames(config: Config, { region, gateway }: RegionPlan): ServerNames {
  const names = config.gateway.names.map(({ name }) => name);
  return { hosts: [...new Set(["localhost", region, ...names])], ips: [gateway.host] };
}

async function complete(
  { certificates, clock }: CertificateDoors,
  known: WorldCertificates | undefined,
  { name, wanted }: { readonly name: string; readonly wanted: readonly Wanted[] },
): Promise<WorldCertificates> {
  const nowMs = clock.wallMs();
  const lastsFor = (ms: number): Validity => ({
    fromWallMs: nowMs - backdatedMs,
    untilWallMs: nowMs + ms,
  });
  const isFresh = ({ untilWallMs }: Issued): boolean => untilWallMs - nowMs >= renewBeforeMs;
  const hasAuthority = known !== undefined && isFresh(known.authority);
  const forAuthority = lastsFor(authorityMs);
  const authority = hasAuthority
    ? known.authority
    : sealed(await certificates.createAuthority(`Leeward ${name}`, forAuthority), forAuthority);
  const servers: WorldCertificates["servers"] = {};
  for (const { region, names } of wanted) {
    const before = hasAuthority && Object.hasOwn(known.servers, region) && known.servers[region];
    if (before && isFresh(before) && isSame(before.names, names)) {
      servers[region] = before;
      continue;
    }
    const whole = lastsFor(serverMs);
    // What outlives its authority is worth nothing, and some clients say so in confusing words.
    const untilWallMs = Math.min(whole.untilWallMs, authority.untilWallMs);
    const validity = { ...whole, untilWallMs };
    const key = await certificates.issueServer(
      { certificate: authority.certificate, privateKey: authority.privateKey.reveal() },
      { commonName: region, names, validity },
    );
    const copy = { hosts: [...names.hosts], ips: [...names.ips] };
    servers[region] = { ...sealed(key, validity), names: copy };
  }
  return { version: 1, authority, servers };
}

function sealed({ certificate, privateKey }: CertifiedKey, { untilWallMs }: Validity): Issued {
  return { certificate, privateKey: new Secret(privateKey), untilWallMs };
}

function isSame(one: ServerNames, other: ServerNames): boolean {
  return JSON.stringify([one.hosts, one.ips]) === JSON.stringify([other.hosts, other.ips]);
}

/** In clear: for a file with mode 0600, and for nothing else. */
function format(kept: WorldCertificates): string {
  return `${JSON.stringify(z.encode(worldCertificates, kept), undefined, 2)}\n`;
}

/** @throws Failure `state.damaged`; the text holds private keys, and no message repeats it */
function parse(text: string, path: string): WorldCertificates {
  const damaged = new Failure("state.damaged", `${path} does not hold what it should`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged;
  }
  const parsed = z.safeDecode(worldCertificates, json as z.input<typeof worldCertificates>);
  if (parsed.success) return parsed.data;
  throw damaged;
}
