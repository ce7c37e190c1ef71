import { completes, east, west, type Story } from "./stage.ts";

export const targetKilledAfterClaim: Story = {
  name: "a target that dies after the claim is promoted when it is back, and the old primary does not write meanwhile",
  play: async (stage) => {
    await stage.expectWriter(east);
    stage.killAtClaim(west);
    const ending = stage.switchover(west);
    await stage.passTime(6_000);
    await stage.expectNoWriter();
    await stage.start(west);
    await completes(ending);
    await stage.expectWriter(west);
    await stage.expectSecondary(east);
    await stage.expectNothingLost();
  },
};
