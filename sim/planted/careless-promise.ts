import type { Plant } from "../plant.ts";

/** Whoever asks for a promise gets it: neither the seal nor a later epoch is looked at. */
export const carelessPromise: Plant = {
  name: "a promise is given without a look at the epoch",
  network: (network) => ({
    request: network.request.bind(network),
    serve: (address, authenticate, handler, signal) =>
      network.serve(
        address,
        authenticate,
        async (peer, message, gone) => {
          const answer = await handler(peer, message, gone);
          const isPromise = (message as { kind?: string }).kind === "promise";
          return isPromise ? { kind: "promise", isGiven: true, because: "asked" } : answer;
        },
        signal,
      ),
  }),
};
