import { drawAddress, eventually, Scratch, spec } from "../../test/postgres/scratch.ts";
import { registerPostgresContract } from "./postgres-contract.ts";

registerPostgresContract({
  make: async () => {
    const scratch = await Scratch.open();
    const addresses = { writer: drawAddress(), copy: drawAddress() };
    const writer = scratch.server("writer", addresses.writer);
    const copy = scratch.server("copy", addresses.copy);
    return {
      writer,
      copy,
      writerAddress: addresses.writer,
      copyAddress: addresses.copy,
      spec,
      nextAgent: (which) => scratch.server(which, addresses[which]),
      eventually,
      end: () => scratch[Symbol.asyncDispose](),
    };
  },
  drive: (_, body) => body(),
});
