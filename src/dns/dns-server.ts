/**
 * Answers for one zone, by UDP and TCP, as one place sees it. It follows the traffic state: what it was is forgotten
 * in one step, and between two changes a query is a look-up. It goes on with what it knows, whoever dies.
 */
import type { ByteSocket } from "../env/byte-socket.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { describeError } from "../model/failure.ts";
import type { TrafficState } from "../model/traffic.ts";
import { onAbort } from "../std/on-abort.ts";
import type { FrontFacts } from "../wire/traffic-protocol.ts";
import { answerQuery, type Transport } from "./answer.ts";
import type { DnsDoors, ZoneSettings } from "./dns.ts";
import { EncodedZone } from "./encoded-zone.ts";
import { StreamClient } from "./stream-client.ts";
import { viewZone } from "./zone-view.ts";

/** Clients on TCP at once, each with at most some 70 KiB. Resolvers come by UDP, and need this for nothing that we answer. */
const streamClientsMax = 256;

/** 1 s: how exactly idle clients are ended. */
const sweepMs = 1_000;

/** Kinds of trouble with packets, by their code, that are told once each. */
const troublesMax = 20;

export class DnsServer {
  readonly #doors: DnsDoors;
  readonly #settings: ZoneSettings;
  readonly #clients = new Set<StreamClient>();
  readonly #counts = { answered: 0, refused: 0, malformed: 0 };
  readonly #troubles = new Set<string>();
  #zone: EncodedZone;
  #revision: number | undefined;

  constructor(doors: DnsDoors, settings: ZoneSettings) {
    this.#doors = doors;
    this.#settings = settings;
    this.#zone = new EncodedZone(viewZone(settings, undefined));
  }

  /**
   * Answers at `address` until `signal` aborts, which also ends all connections; settles once it can be asked.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`; the reason of `signal`
   */
  async listen(address: Address, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // When one of the two cannot be had, the other one must not stay.
    const both = new AbortController();
    const forget = onAbort(signal, () => both.abort(signal.reason));
    try {
      await this.#listenForPackets(address, both.signal);
      await this.#doors.sockets.listen(address, (socket) => this.#accept(socket), both.signal);
    } catch (error) {
      forget();
      both.abort(error);
      throw error;
    }
    void this.#sweepUntilAborted(both.signal);
    const { zone, region } = this.#settings;
    const view = region ?? "outside";
    this.#doors.log.info("dns.server-started", { address: formatAddress(address), zone, view });
  }

  /**
   * From the next query on this counts. Undefined, and what is older than what is known, changes nothing: whoever was
   * asked has just started, or has not heard of it yet.
   */
  follow(state: TrafficState | undefined): void {
    if (state === undefined) return;
    if (this.#revision !== undefined && state.revision <= this.#revision) return;
    this.#zone = new EncodedZone(viewZone(this.#settings, state));
    this.#revision = state.revision;
    this.#doors.log.debug("dns.zone-changed", { revision: state.revision });
  }

  /** Since the start of this server. */
  counts(): FrontFacts["dns"] {
    return { ...this.#counts };
  }

  async #listenForPackets(address: Address, signal: AbortSignal): Promise<void> {
    const socket = await this.#doors.datagrams.bind(
      address,
      {
        received: (bytes, from) => {
          const answer = this.#answer(bytes, "udp");
          if (answer !== undefined) socket.send(answer, from);
        },
        failed: (error) => this.#tellTrouble(error),
      },
      signal,
    );
  }

  #answer(query: Buffer, transport: Transport): Buffer | undefined {
    const doors = { zone: this.#zone, random: this.#doors.random };
    const { kind, bytes } = answerQuery(query, transport, doors);
    this.#counts[kind] += 1;
    return bytes;
  }

  #accept(socket: ByteSocket): void {
    if (this.#clients.size >= streamClientsMax) return socket.destroy();
    const client = new StreamClient(socket, {
      nowMs: () => this.#doors.clock.monotonicMs(),
      answer: (query) => this.#answer(query, "tcp"),
      closed: () => this.#clients.delete(client),
    });
    this.#clients.add(client);
  }

  async #sweepUntilAborted(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#doors.clock.sleep(sweepMs, signal).catch(() => undefined);
      for (const client of this.#clients) client.sweep();
    }
    for (const client of this.#clients) client.destroy();
  }

  /** Anybody can make packets fail, by a source that cannot be answered: nobody may fill the log with it. */
  #tellTrouble(error: Error): void {
    const code = (error as NodeJS.ErrnoException).code ?? error.name;
    if (this.#troubles.has(code) || this.#troubles.size >= troublesMax) return;
    this.#troubles.add(code);
    this.#doors.log.warn("dns.packet-failed", { code, because: describeError(error) });
  }
}
