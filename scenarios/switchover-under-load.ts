import { completes, east, west, type Story } from "./stage.ts";

export const switchoverUnderLoad: Story = {
  name: "a switchover there and back loses nothing, while clients write",
  play: async (stage) => {
    await stage.expectWriter(east);
    await completes(stage.switchover(west));
    await stage.expectWriter(west);
    await stage.expectSecondary(east);
    await completes(stage.switchover(east));
    await stage.expectWriter(east);
    await stage.expectSecondary(west);
    await stage.expectNothingLost();
  },
};
