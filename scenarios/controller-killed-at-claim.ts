import { completes, east, west, type Story } from "./stage.ts";

export const controllerKilledAtClaim: Story = {
  name: "a controller that dies at the claim leaves an operation that the next one completes",
  play: async (stage) => {
    await stage.expectWriter(east);
    stage.killAtClaim("controller");
    await completes(stage.switchover(west));
    await stage.expectWriter(west);
    await stage.expectSecondary(east);
    await stage.expectNothingLost();
  },
};
