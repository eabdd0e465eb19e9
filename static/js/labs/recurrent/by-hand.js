/**
 * recurrent/by-hand on the page: the network unrolled over its few steps, below all weights, the same without memory, and the
 * bidirectional trap; at right the step in numbers.
 */

import { card } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Page } from "../../core/page.js";
import { Compare } from "./by-hand/compare.js";
import { Graph } from "./by-hand/graph.js";
import { Model } from "./by-hand/model.js";
import { Table } from "./by-hand/table.js";
import { Trap } from "./by-hand/trap.js";
import { Weights } from "./by-hand/weights.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").FrameView} FrameView */

/** On a phone the page is scrolled: the graph is as tall as is good. */
const PHONE = { width: 720, height: 360 };

/** @param {Stage} stage */
export default function mount(stage) {
  return new ByHandPage(stage, new Model(stage)).mount();
}

/** @extends {Page<Model>} */
class ByHandPage extends Page {
  graph = new Graph(this.model);

  words() {
    const { stage, model, graph } = this;
    const main = card(stage.t("recurrent.by-hand.page.title"), stage.t("recurrent.by-hand.page.caption"));
    main.body.classList.add("byhand-body");
    main.body.append(graph.element);
    const [weights, compare, trap, table] = [new Weights(model), new Compare(model), new Trap(model), new Table(model)];
    stage.main.replaceChildren(main.head, main.body);
    stage.numbers.replaceChildren(table.card.head, table.card.body);
    const picture = {
      plan: () => {
        const { clientWidth, clientHeight } = main.body;
        graph.plan(clientWidth, window.innerWidth <= PHONE.width ? PHONE.height : clientHeight - 8);
        this.#arrange(trap, compare, weights);
      },
      draw: (/** @type {FrameView} */ frame) => graph.draw(frame),
    };
    return [picture, weights, compare, trap, table];
  }

  /** The small cards: those of two directions stand first, many weights take the whole width. @param {Trap} trap @param {Compare} compare @param {Weights} weights */
  #arrange(trap, compare, weights) {
    const { model, stage } = this;
    const two = model.directions === 2;
    stage.small.replaceChildren(...(two ? [trap, compare, weights] : [trap, weights, compare]).map((part) => part.element));
    weights.element.classList.toggle("wide", two || model.gates.length > 1);
    compare.element.classList.toggle("wide", !two && model.gates.length > 1);
  }

  /** The output, of two directions the hidden state, which is known at every step. */
  first() {
    return { kind: "value", name: this.model.directions === 2 ? "h" : "y", unit: 0 };
  }

  /** @param {FrameView} frame */
  told(frame) {
    const { model, stage } = this;
    const { seq } = frame;
    if (seq < 1) return stage.t("recurrent.by-hand.page.before_first");
    const name = model.directions === 2 ? "h" : "y";
    const values = Array.from({ length: model.width(name) }, (_, k) => num(model.value(frame, { name, t: seq - 1, d: 0, k })));
    return stage.t("recurrent.by-hand.page.summary", { step: seq, name: model.called(name, 0), values: values.join(", ") });
  }
}
