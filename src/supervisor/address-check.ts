/** Looks before the start whether every address of the world can be had, and says who holds what cannot. */
import { createServer } from "node:net";
import type { Listener } from "../config/addresses.ts";
import { formatAddress } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { portHolder } from "./port-holder.ts";

/** @throws Failure `network.address-in-use`, `network.address-unavailable`, naming every address. */
export async function checkAddresses(listeners: readonly Listener[]): Promise<void> {
  const refusals = (await Promise.all(listeners.map(tryToListen))).filter(
    (one) => one !== undefined,
  );
  const [first] = refusals;
  if (!first) return;
  const lines = refusals.map(({ listener, code }) => describe(listener, code));
  throw new Failure(
    first.code === "EADDRINUSE" ? "network.address-in-use" : "network.address-unavailable",
    `Cannot listen where this world wants to:\n${lines.join("\n")}`,
  );
}

type Refusal = { readonly listener: Listener; readonly code: string };

/** Undefined when it can be had. */
function tryToListen(listener: Listener): Promise<Refusal | undefined> {
  const { host, port } = listener.address;
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) =>
      resolve({ listener, code: error.code ?? error.message }),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function describe({ address, what }: Listener, code: string): string {
  if (code !== "EADDRINUSE") return `  ${formatAddress(address)} (${what}): ${code}`;
  const holder = portHolder(address);
  return `  ${formatAddress(address)} (${what}) is held by ${holder ?? "another program"}`;
}
