/** The client as a process of its own, so that nothing else that a benchmark does delays it. Ends with its parent. */
import { WriteClient } from "./write-client.ts";
import type { WriteTarget } from "./write-host.ts";
import type { Acknowledgement, WriteLog } from "./write-log.ts";

export type ClientRequest =
  | { readonly kind: "start"; readonly target: WriteTarget; readonly firstId: number }
  | { readonly kind: "last" }
  | { readonly kind: "take" }
  | { readonly kind: "close" };

export type ClientAnswer = Acknowledgement | WriteLog | "done" | undefined;

let client: WriteClient | undefined;

async function answer(request: ClientRequest): Promise<ClientAnswer> {
  switch (request.kind) {
    case "start":
      client = new WriteClient(request.target, request.firstId);
      return "done";
    case "last":
      return client?.last;
    case "take":
      return client?.take() ?? { acknowledged: [], failed: [] };
    case "close":
      await client?.close();
      return "done";
  }
}

process.on("disconnect", () => process.exit(0));
process.on("message", (request: ClientRequest) => {
  // Wrapped, because a message that is undefined cannot be sent.
  void answer(request).then((value) => process.send?.({ value }));
});
process.send?.({ value: "done" });
