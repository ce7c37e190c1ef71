/**
 * The front door's program: names and entries of one place. In a Region the agent has started it, and its death is not
 * the agent's; outside the Regions it is a program of the supervisor's.
 */
import { DnsServer } from "../dns/dns-server.ts";
import { Distribution } from "../edge/distribution.ts";
import { GlobalEntry } from "../edge/global-entry.ts";
import { RegionEdge } from "../edge/region-edge.ts";
import type { Log } from "../env/env.ts";
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import { nodeClock } from "../env/node/clock.ts";
import { runCompanion } from "../env/node/companion.ts";
import { nodeDatagrams } from "../env/node/datagrams.ts";
import { NodeNetwork } from "../env/node/network.ts";
import { readSettings, runProgram } from "../env/node/program.ts";
import { nodeRandom } from "../env/node/random.ts";
import { describeError } from "../model/failure.ts";
import { frontSettings, type FrontSettings } from "../wire/program-settings.ts";
import type { FrontAnswer, FrontFacts, FrontQuestion } from "../wire/traffic-protocol.ts";
import { FrontLine, type FrontLineHooks } from "./front-line.ts";

export async function main(settingsPath: string): Promise<void> {
  const { region } = readSettings(frontSettings, settingsPath);
  if (region === undefined) {
    await runProgram("front", frontSettings, settingsPath, ({ settings, log, signal }) =>
      serve(settings, { log, signal, heard: () => undefined, leave: () => undefined }),
    );
    return;
  }
  await runCompanion("front", frontSettings, settingsPath, ({ settings, log, end, host }) =>
    serve(settings, {
      log,
      signal: end.signal,
      heard: ({ hostPid }) => {
        host.pid = hostPid;
      },
      leave: () => end.abort(new Error("the Region stops")),
    }),
  );
}

type Life = {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly heard: (answer: FrontAnswer) => void;
  /** The source said that this place stops, and what was under way has ended: `signal` is to abort. */
  readonly leave: () => void;
};

/** What listens in one place, and follows one state. */
type Part = {
  readonly follow: (answer: FrontAnswer) => void;
  /** Until `signal` aborts, or it was told that the place stops and what was under way has ended or taken too long. */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

/** Until `signal` aborts, or the source said that this place stops and what was under way here has ended. */
export async function serve(
  settings: FrontSettings,
  { log, signal, heard, leave }: Life,
): Promise<void> {
  const doors = {
    clock: nodeClock,
    log,
    random: nodeRandom,
    datagrams: nodeDatagrams,
    sockets: new NodeByteSockets({
      clock: nodeClock,
      onAcceptError: (error) => log.warn("front.accept-failed", { error: describeError(error) }),
    }),
  };
  const dns = new DnsServer(doors, settings);
  // Before anything is asked: whoever asks is taken for this place's front door.
  await dns.listen(settings.dns, signal);
  let revision = 0;
  const changed = (): void => line.tellSoon();
  const { parts, facts, inUse } = partsOf(settings, doors, changed);
  const line = new FrontLine(
    { address: settings.source.address, token: settings.source.token.reveal() },
    { clock: nodeClock, log, network: new NodeNetwork({ clock: nodeClock, onBug: rethrow }) },
    {
      facts: () => ({ revision, ...facts(), dns: dns.counts() }),
      inUse,
      heard: (answer) => {
        heard(answer);
        dns.follow(answer.state);
        for (const part of parts) part.follow(answer);
        // A source that has just started knows none, and what is followed stays.
        revision = answer.state?.revision ?? revision;
      },
    },
  );
  const served = Promise.all(parts.map((part) => part.run(signal)));
  await Promise.all([served.then(leave), line.run(signal)]);
}

type Place = Pick<FrontLineHooks, "inUse"> & {
  readonly parts: readonly Part[];
  readonly facts: () => Omit<FrontFacts, "revision" | "dns">;
};

function partsOf(
  settings: FrontSettings,
  doors: ConstructorParameters<typeof RegionEdge>[0],
  changed: () => void,
): Place {
  if (settings.region !== undefined) {
    const edge = new RegionEdge(doors, settings, { changed });
    return {
      parts: [edge],
      facts: () => ({ endpoints: [], services: edge.serviceFacts() }),
      inUse: () => edge.inUse(),
    };
  }
  const inUse = (): FrontQuestion["inUse"] => [];
  if (!settings.entry) return { parts: [], facts: () => ({ endpoints: [], services: [] }), inUse };
  const entry = new GlobalEntry(doors, settings, { changed });
  const parts: Part[] = [ofState(entry)];
  if (settings.distribution) parts.push(ofState(new Distribution(doors, settings)));
  return { parts, facts: () => ({ endpoints: entry.endpointFacts(), services: [] }), inUse };
}

/** What follows nothing but the traffic state. */
function ofState(one: {
  follow(state: FrontAnswer["state"]): void;
  run(signal: AbortSignal): Promise<void>;
}): Part {
  return { follow: ({ state }) => one.follow(state), run: (signal) => one.run(signal) };
}

/** A front door answers nobody on its network, so no handler of its can have a bug. */
function rethrow(error: unknown): never {
  throw error;
}
