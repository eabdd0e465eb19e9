/**
 * recurrent/generate on the page: the text that is written, and under it the draw of this step; below what may come, the shape one to
 * many and the nats over time; at right the step in numbers.
 */

import { card } from "../../core/dom.js";
import { Chances } from "../../core/writing/chances.js";
import { Curves } from "../../core/writing/curves.js";
import { Kept } from "../../core/writing/kept.js";
import { Model } from "../../core/writing/model.js";
import { WritingPage } from "../../core/writing/page.js";
import { Ruler } from "../../core/writing/ruler.js";
import { Shape } from "./generate/shape.js";
import { Table } from "./generate/table.js";
import { Text } from "./generate/text.js";

/** @param {import("../../core/types.js").Stage} stage */
export default function mount(stage) {
  return new GeneratePage(stage, new Model(stage)).mount();
}

/** @extends {WritingPage<Model>} */
class GeneratePage extends WritingPage {
  words() {
    const { stage, model } = this;
    const main = card(stage.t("recurrent.generate.page.title"), stage.t("recurrent.generate.page.caption"));
    const [text, ruler, kept, chances] = [new Text(model), new Ruler(model), new Kept(model), new Chances(model)];
    const [shape, curves, table] = [new Shape(model), new Curves(model), new Table(model)];
    main.body.classList.add("generate-body");
    main.body.append(text.element, ruler.element);
    stage.main.replaceChildren(main.head, main.body);
    stage.small.replaceChildren(kept.element, chances.element, curves.element, shape.element);
    stage.numbers.replaceChildren(table.card.head, table.card.body);
    return [text, kept, ruler, chances, shape, curves, table];
  }
}
