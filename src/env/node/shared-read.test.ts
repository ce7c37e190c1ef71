import { Socket } from "node:net";
import { expect, test } from "vitest";
import { adoptAccepted } from "./shared-read.ts";

test("a socket that keeps its handle elsewhere is left as it is", () => {
  const socket = new Socket();
  expect(adoptAccepted(socket, { receiver: undefined })).toBeUndefined();
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});
