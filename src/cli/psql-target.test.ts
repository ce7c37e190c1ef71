import { expect, test } from "vitest";
import { exampleInstance, exampleStatus } from "../../test/fake-world.ts";
import { chooseDoor, choosePlace } from "./psql-target.ts";

test("without a Region it is the writer's", () => {
  const { region, instance } = choosePlace(exampleStatus(), "orders", undefined);
  expect(region).toBe("us-east-1");
  expect(instance.address).toBe("127.0.1.11");
});

test("in a Region it is the first instance that answers", () => {
  const status = exampleStatus();
  const member = status.databases["orders"]?.members["us-west-2"];
  if (member) {
    member.instances = [
      exampleInstance({ number: 1, state: "cloning" }),
      exampleInstance({ number: 2, state: "serving" }),
    ];
  }
  expect(choosePlace(status, "orders", "us-west-2").instance.number).toBe(2);
});

test("a local database needs a Region", () => {
  const status = exampleStatus();
  const local = { kind: "local", primary: null, writer: null, epoch: null } as const;
  Object.assign(status.databases["orders"] ?? {}, local);
  expect(() => choosePlace(status, "orders", undefined)).toThrow("--region");
  expect(choosePlace(status, "orders", "us-west-2").region).toBe("us-west-2");
});

test("a Region without the database is said so", () => {
  const status = exampleStatus();
  delete status.databases["orders"]?.members["us-west-2"];
  expect(() => choosePlace(status, "orders", "us-west-2")).toThrow("it is in us-east-1");
  expect(() => choosePlace(status, "orders", "us-west-3")).toThrow("did you mean us-west-2?");
});

test("it goes through the gateway of the Region, and to the instance itself only when asked to", () => {
  const status = exampleStatus();
  const place = choosePlace(status, "orders", "us-west-2");
  expect(chooseDoor(status, place, false)).toEqual({
    address: { host: "127.0.2.1", port: 6432 },
    needsTls: false,
  });
  expect(chooseDoor(status, place, true).address).toEqual({ host: "127.0.2.11", port: 5432 });
});

test("TLS is spoken where the gateways require it, and not to the instance itself", () => {
  const status = exampleStatus();
  const west = status.regions["us-west-2"];
  if (west) west.gateway.tls = "required";
  const place = choosePlace(status, "orders", "us-west-2");
  expect(chooseDoor(status, place, false).needsTls).toBe(true);
  expect(chooseDoor(status, place, true).needsTls).toBe(false);
});
