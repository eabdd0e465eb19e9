/**
 * recurrent/gradients on the page: how long the gradients still are on their way back, the paths they take, what clipping leaves of them,
 * and the wall that clipping is for; at right the position in numbers.
 */

import { num } from "../../core/format.js";
import { Page } from "../../core/page.js";
import { Clip } from "./gradients/clip.js";
import { Flow } from "./gradients/flow.js";
import { CELLS, Model } from "./gradients/model.js";
import { Paths } from "./gradients/paths.js";
import { Table } from "./gradients/table.js";
import { WallPicture } from "./gradients/wall.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").FrameView} FrameView */

const FIRST = { kind: "norm", cell: "lstm", name: "h" };

/** @param {Stage} stage */
export default function mount(stage) {
  return new GradientsPage(stage, new Model(stage)).mount();
}

/** @extends {Page<Model>} */
class GradientsPage extends Page {
  words() {
    const { stage, model } = this;
    const [flow, paths, clip, wall, table] = [new Flow(model), new Paths(model), new Clip(model), new WallPicture(model), new Table(model)];
    stage.main.replaceChildren(flow.card.head, flow.card.body);
    stage.small.replaceChildren(clip.element, wall.element, paths.element);
    stage.numbers.replaceChildren(table.card.head, table.card.body);
    return [flow, paths, clip, wall, table];
  }

  first() {
    return FIRST;
  }

  /** @param {FrameView} frame */
  told(frame) {
    const { model, stage } = this;
    const told = CELLS.map((cell, i) => `${model.called(cell)} ${num(Number(frame.tensors.h.data[i]), 3)}`);
    return stage.t("recurrent.gradients.page.summary", { t: model.steps - frame.seq, values: told.join(", ") });
  }
}
