import { expect, test } from "vitest";
import { clientGone, isEvidence } from "./evidence.ts";

const failed = (code: string): Error => Object.assign(new Error(code), { code });
const fresh = { wasSent: true, isFresh: true };

test("a closed door and a broken new connection tell, and one that had rested does not", () => {
  expect(isEvidence(failed("ECONNREFUSED"), { wasSent: false, isFresh: false })).toBe(true);
  expect(isEvidence(failed("UND_ERR_SOCKET"), fresh)).toBe(true);
  expect(isEvidence(failed("ECONNRESET"), { wasSent: true, isFresh: false })).toBe(false);
});

test("nobody's own mistake takes an endpoint out", () => {
  const codes = [
    "UND_ERR_INVALID_ARG",
    "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
    "EMFILE",
    "EADDRNOTAVAIL",
    // Whoever asks for what takes long, or for a stream in which nothing happens, could do so with each in turn.
    "UND_ERR_HEADERS_TIMEOUT",
    "UND_ERR_BODY_TIMEOUT",
  ];
  expect(codes.map((code) => isEvidence(failed(code), fresh))).toEqual(codes.map(() => false));
  expect(isEvidence(clientGone, fresh)).toBe(false);
  expect(isEvidence(new Error("no code"), fresh)).toBe(false);
});
