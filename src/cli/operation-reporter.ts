/** Shows how operations go on: in place on a terminal, a line for each step elsewhere, nothing with `--json`. */
import type { ApiOperation } from "../api/operations-api.ts";
import { printLine, type Frame } from "./frame.ts";
import { toldSteps, headline, stepLines, stepText } from "./operation-text.ts";
import { cut } from "./output.ts";
import { Screen } from "./screen.ts";

export class OperationReporter {
  readonly #frame: Frame;
  readonly #screen: Screen;
  readonly #seen = new Map<string, ApiOperation>();

  constructor(frame: Frame) {
    this.#frame = frame;
    this.#screen = new Screen(frame.out);
  }

  show(operation: ApiOperation): void {
    const before = this.#seen.get(operation.id);
    this.#seen.set(operation.id, operation);
    if (this.#frame.options.json) return;
    if (this.#frame.out.isTty) this.#draw();
    else this.#print(operation, before);
  }

  /** What is shown stays; the next output goes below. */
  done(): void {
    this.#screen.keep();
  }

  #draw(): void {
    const { colors, out } = this.#frame;
    const columns = out.columns ?? 80;
    const lines = [...this.#seen.values()].flatMap((operation) => [
      cut(headline(operation), columns),
      ...stepLines(operation, colors),
    ]);
    this.#screen.draw(lines);
  }

  #print(operation: ApiOperation, before: ApiOperation | undefined): void {
    if (before === undefined) printLine(this.#frame, headline(operation));
    const said = before ? toldSteps(before).length : 0;
    for (const step of toldSteps(operation).slice(said)) {
      printLine(this.#frame, `${operation.database}: ${stepText(step)}`);
    }
  }
}
