import { expect, test } from "vitest";
import { SeededRandom } from "../../sim/random.ts";
import { exampleStatus } from "../../test/fake-world.ts";
import { loadConfig } from "../config/load.ts";
import { completeSecrets } from "../config/secrets.ts";
import { withUrls } from "./gateway-urls.ts";

const { config } = loadConfig(
  `name: shop
regions: { us-east-1: {}, us-west-2: {} }
databases: { orders: { primary: us-east-1, roles: { app: {} } } }`,
  "leeward.yaml",
);
const secrets = completeSecrets(undefined, config, new SeededRandom(1));
const layout = { caCertificate: "/a place/.leeward/ca.pem" };

test("each Region has a connection string for each name, as the owner of its database", () => {
  const { regions } = withUrls(exampleStatus(), secrets, layout);
  const urls = regions["us-west-2"]?.gateway.urls ?? {};
  expect(Object.keys(urls)).toEqual(["orders", "orders-ro", "orders-rw"]);
  const password = secrets.databases["orders"]?.roles["app"]?.reveal() ?? "";
  expect(password).not.toBe("");
  expect(urls["orders-ro"]).toBe(`postgresql://app:${password}@127.0.2.1:6432/orders-ro`);
});

test("a database that no role owns is reached as its superuser", () => {
  const status = exampleStatus();
  const orders = status.regions["us-east-1"]?.gateway.names["orders"];
  if (orders) orders.user = "leeward";
  const { regions } = withUrls(status, secrets, layout);
  const { searchParams, username, password } = new URL(
    regions["us-east-1"]?.gateway.urls["orders"] ?? "",
  );
  expect(username).toBe("leeward");
  expect(password).toBe(secrets.databases["orders"]?.superuser.reveal());
  expect([...searchParams]).toEqual([]);
});

test("where TLS is required, the string says so, and where the authority's certificate is", () => {
  const status = exampleStatus();
  const east = status.regions["us-east-1"];
  if (east) east.gateway.tls = "required";
  const { regions } = withUrls(status, secrets, layout);
  const { searchParams } = new URL(regions["us-east-1"]?.gateway.urls["orders"] ?? "");
  expect(searchParams.get("sslmode")).toBe("verify-full");
  expect(searchParams.get("sslrootcert")).toBe("/a place/.leeward/ca.pem");
});

test("a user whose password is not in the state directory has no string", () => {
  const none = { ...secrets, databases: {} };
  const { regions } = withUrls(exampleStatus(), none, layout);
  expect(regions["us-east-1"]?.gateway.urls).toEqual({});
});

test("what the API said stays as it was", () => {
  const status = exampleStatus();
  const before = structuredClone(status);
  expect(withUrls(status, secrets, layout)).toMatchObject(before);
  expect(JSON.stringify(status)).not.toContain("urls");
});
