/** All stories, for those who play them. */
import { controllerKilledAtClaim } from "./controller-killed-at-claim.ts";
import { oldPrimaryFrozen } from "./old-primary-frozen.ts";
import { primaryIsolated } from "./primary-isolated.ts";
import { secondaryIsolated } from "./secondary-isolated.ts";
import type { Story } from "./stage.ts";
import { switchoverUnderLoad } from "./switchover-under-load.ts";
import { targetKilledAfterClaim } from "./target-killed-after-claim.ts";

export const stories: readonly Story[] = [
  switchoverUnderLoad,
  primaryIsolated,
  controllerKilledAtClaim,
  targetKilledAfterClaim,
  oldPrimaryFrozen,
  secondaryIsolated,
];
