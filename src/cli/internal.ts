/** How the programs of a running world start: the same binary, so that there is one thing to install. */
import { Failure } from "../model/failure.ts";

const programs: Readonly<
  Record<string, () => Promise<{ main(settingsPath: string): Promise<void> }>>
> = {
  supervisor: () => import("../supervisor/main.ts"),
  controller: () => import("../controller/main.ts"),
  agent: () => import("../agent/main.ts"),
  front: () => import("../front/main.ts"),
  gateway: () => import("../gateway/main.ts"),
  guard: () => import("../guard/main.ts"),
  network: () => import("../network/main.ts"),
};

/** Not for people: started by `leeward up` and by the supervisor. Settles when the program has ended. */
export async function runInternal(
  program: string | undefined,
  settingsPath: string | undefined,
): Promise<void> {
  const load = programs[program ?? ""];
  if (load === undefined || settingsPath === undefined) {
    const names = Object.keys(programs).join("|");
    throw new Failure("usage.invalid", `leeward internal <${names}> SETTINGS-FILE`);
  }
  const { main } = await load();
  await main(settingsPath);
}
