import { createServer } from "node:net";
import { expect, test } from "vitest";
import { checkAddresses } from "./address-check.ts";

test("an address that this machine does not have is named, with what wanted it", async () => {
  // 192.0.2.0/24 is for documents: no machine has it, and nothing is sent to it.
  const listener = { address: { host: "192.0.2.1", port: 5432 }, what: "PostgreSQL orders/a/1" };
  await expect(checkAddresses([listener])).rejects.toMatchObject({
    code: "network.address-unavailable",
    message: expect.stringMatching(/192\.0\.2\.1:5432 \(PostgreSQL orders\/a\/1\): EADDRNOTAVAIL/),
  });
});

test("every address that is taken is named, and those that are free are let go", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const taken = { address: { host: "127.0.0.1", port }, what: "API" };
  try {
    await expect(checkAddresses([taken])).rejects.toMatchObject({
      code: "network.address-in-use",
      message: expect.stringContaining(`127.0.0.1:${port} (API) is held by`),
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  await checkAddresses([taken]);
  await expect(checkAddresses([taken])).resolves.toBeUndefined();
});
