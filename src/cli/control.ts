/** `leeward control …`: routing controls, switched under their safety rules. */
import { Command, InvalidArgumentError } from "commander";
import type { ApiControlBatch, ApiControlResult } from "../api/traffic-api.ts";
import { Failure } from "../model/failure.ts";
import { withWorld } from "./context.ts";
import { controlTables } from "./control-tables.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";

type Wanted = ApiControlBatch["controls"][number];

type Options = { readonly override?: readonly string[]; readonly reason?: string };

export function controlCommand(run: Run): Command {
  const command = new Command("control")
    .description("Show routing controls and their safety rules, and switch them.")
    .addHelpText(
      "after",
      `
Examples:
  leeward control list
  leeward control set us-west-2=On us-east-1=Off`,
    );
  command
    .command("list")
    .description("Show every control, and what each safety rule says of them now.")
    .addHelpText("after", "\nExample:\n  leeward control list --json")
    .action(() => run(list));
  for (const [verb, state] of [
    ["on", "On"],
    ["off", "Off"],
  ] as const) {
    const action = (names: readonly string[], options: Options): Promise<void> =>
      run((frame) =>
        set(
          frame,
          names.map((name) => ({ name, state })),
          options,
        ),
      );
    command.addCommand(
      switching(verb, `Switch controls ${state}, all of them or none.`)
        .argument("<control...>", "controls by name")
        .addHelpText("after", `\nExample:\n  leeward control ${verb} us-east-1`)
        .action(action),
    );
  }
  command.addCommand(
    switching("set", "Switch some controls On and others Off in one step, all of them or none.")
      .argument("<control=state...>", "for example us-east-1=Off", wantedControl)
      .addHelpText(
        "after",
        `
Examples:
  leeward control set us-west-2=On us-east-1=Off
  leeward control set us-east-1=Off us-west-2=Off --override at-least-one-on --reason "drill, both dark"`,
      )
      .action((controls: readonly Wanted[], options: Options) =>
        run((frame) => set(frame, controls, options)),
      ),
  );
  return command;
}

function switching(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--override <rule>", "do not ask this safety rule; may be repeated", collect)
    .option("--reason <text>", "why a rule is overridden; kept with the events");
}

function collect(rule: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), rule];
}

function wantedControl(text: string, before: readonly Wanted[] | undefined): readonly Wanted[] {
  const [, name, state] = /^([^=]+)=(on|off)$/i.exec(text) ?? [];
  if (name === undefined || state === undefined) {
    throw new InvalidArgumentError("It must be NAME=On or NAME=Off.");
  }
  return [...(before ?? []), { name, state: state.toLowerCase() === "on" ? "On" : "Off" }];
}

async function list(frame: Frame): Promise<void> {
  const found = await withWorld(frame, ({ client }) => client.traffic.controls(frame.signal));
  if (frame.options.json) return printJson(frame, found);
  printLine(frame, controlTables(found, frame.colors).join("\n"));
  return undefined;
}

async function set(frame: Frame, controls: readonly Wanted[], options: Options): Promise<void> {
  const batch: ApiControlBatch = { controls: [...controls], ...overrideOf(options) };
  const result = await withWorld(frame, ({ client }) =>
    client.traffic.setControls(batch, frame.signal),
  );
  if (frame.options.json) return printJson(frame, result);
  for (const line of resultLines(controls, result)) printLine(frame, line);
  return undefined;
}

function overrideOf({ override, reason }: Options): Pick<ApiControlBatch, "override"> {
  if (override === undefined && reason === undefined) return {};
  if (override === undefined || reason === undefined) {
    const message = "An override names its rules and says why: --override RULE --reason TEXT";
    throw new Failure("usage.invalid", message);
  }
  return { override: { rules: [...override], reason } };
}

function resultLines(
  wanted: readonly Wanted[],
  { changed, overridden }: ApiControlResult,
): readonly string[] {
  const switched = new Set(changed.map(({ name }) => name));
  const states = new Map(wanted.map(({ name, state }) => [name, state]));
  return [
    ...[...states].map(([name, state]) =>
      switched.has(name) ? `${name} is ${state}` : `${name} is ${state} already`,
    ),
    ...overridden.map(
      ({ panel, rule, because }) => `rule ${rule} of panel ${panel} was overridden: ${because}`,
    ),
  ];
}
