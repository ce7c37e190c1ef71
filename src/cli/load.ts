/** `leeward load`: visitors for the application, at its entries. */
import { Command, InvalidArgumentError } from "commander";
import { runLoad } from "../load/run.ts";
import { Failure } from "../model/failure.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { findJourney, findOrigin } from "./load-target.ts";
import { announcement, liveLines, resultJson, resultLines, type RunOfLoad } from "./load-view.ts";
import { Screen } from "./screen.ts";

type Options = {
  readonly clients: number;
  readonly seconds: number;
  readonly profile?: string;
  readonly region?: string;
  readonly url?: string;
  readonly failOnErrors?: boolean;
};

/** 2000 visitors: each has a connection or two, and a process may open some thousand files. */
const clientsMax = 2_000;

/** One day. */
const secondsMax = 86_400;

export function loadCommand(run: Run): Command {
  return new Command("load")
    .argument("<name>", "a load of leeward.yaml's section `load`")
    .description("Send visitors through the application, and say how it went.")
    .option("--clients <number>", "visitors at once", upTo(clientsMax), 50)
    .option("--seconds <number>", "for how long", upTo(secondsMax), 60)
    .option("--profile <profile>", "which journeys; left out: the first of the module")
    .option("--region <region>", "at this Region's own entry; left out: at the global one")
    .option("--url <url>", "at this address, for example http://127.0.0.1:8080", origin)
    .option("--fail-on-errors", "exit with 1 when anything failed")
    .addHelpText(
      "after",
      `
Examples:
  leeward load retail-store
  leeward load retail-store --clients 50 --seconds 300 --profile buy
  leeward load retail-store --region us-west-2 --json | jq .latencyMs.p99`,
    )
    .action((name: string, options: Options) => run((frame) => load(frame, name, options)));
}

async function load(frame: Frame, name: string, options: Options): Promise<void> {
  const { clients, seconds, region, url, failOnErrors } = options;
  if (region !== undefined && url !== undefined) {
    throw new Failure("usage.invalid", "Either --region or --url says where visitors go, not both");
  }
  const { profile, journey } = await findJourney(frame, name, options.profile);
  const target = await findOrigin(frame, { region, url });
  const run = { load: name, profile, url: target, clients, durationMs: seconds * 1_000 };
  const settings = { origin: target, journey, clients, durationMs: run.durationMs };
  const view = liveView(frame, run);
  const result = await runLoad(settings, { clock: frame.clock, watch: view.watch }, frame.signal);
  view.end();
  if (frame.options.json) printJson(frame, resultJson(run, result));
  else printLine(frame, resultLines(result, frame.colors).join("\n"));
  if (failOnErrors === true && result.errorsByKind.length > 0) {
    throw new Failure("load.had-errors", "Not every request was answered as it should have been");
  }
}

type View = { readonly watch: Parameters<typeof runLoad>[1]["watch"]; readonly end: () => void };

/** On a terminal one block that is drawn again; elsewhere a line at the start alone. */
function liveView(frame: Frame, run: RunOfLoad): View {
  const { out, options, colors } = frame;
  if (options.json) return { watch: () => undefined, end: () => undefined };
  if (!out.isTty) {
    printLine(frame, announcement(run));
    return { watch: () => undefined, end: () => undefined };
  }
  const screen = new Screen(out);
  screen.draw([announcement(run)]);
  return {
    watch: (recent, elapsedMs) => screen.draw(liveLines(run, { recent, elapsedMs }, colors)),
    end: () => screen.draw([announcement(run)]),
  };
}

function upTo(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,6}$/.test(text) && number >= 1 && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${max}.`);
  };
}

/** A place without a path: the journeys know their own. */
function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
  if (url && isWeb && url.pathname === "/" && url.search === "" && url.username === "") {
    return url.origin;
  }
  throw new InvalidArgumentError(
    "It must be an address without a path, for example http://127.0.0.1:8080.",
  );
}
