/** Along the residual stream of one token: how long it is, what each sub-layer adds, their sum, and that after the normalisation. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { Switcher } from "../../../core/switcher.js";

/** @typedef {import("./model.js").Model} Model */

const SUBS = { encoder: ["self", "feed_forward"], decoder: ["self", "cross", "feed_forward"] };

/** Which stack's token is looked at: the encoder's at the row of its map, the decoder's at its step. */
export class Stacks {
  /** @param {Model} model @param {() => void} changed */
  constructor(model, changed) {
    this.model = model;
    const { t } = model.stage;
    this.chosen = "decoder";
    this.switch = new Switcher(t("attention.translate.page.stack"), [["encoder", t("attention.translate.page.encoder")], ["decoder", t("attention.translate.page.decoder")]], this.chosen, (value) => {
      this.chosen = value;
      changed();
    });
  }

  /** @param {number} seq @returns {"encoder" | "decoder"} */
  at(seq) {
    return seq <= this.model.read || this.chosen === "encoder" ? "encoder" : "decoder";
  }

  /** A tensor of a layer at the token that is looked at. @param {number} seq @param {number} layer @param {string} name @param {number} size numbers a token has of it @returns {number[] | null} */
  numbers(seq, layer, name, size) {
    const { model } = this;
    if (this.at(seq) === "encoder") {
      const data = layer < seq ? model.stage.timeline.frame(layer + 1)?.tensors[`encoder/${name}`]?.data : null;
      const from = model.opened.place("encoder", seq).row * size;
      return data ? Array.from(data.slice(from, from + size), Number) : null;
    }
    const data = model.stage.timeline.frame(seq)?.tensors[`${model.row}/${name}`]?.data;
    return data && !Number.isNaN(Number(data[0])) ? Array.from(data.slice(layer * size, (layer + 1) * size), Number) : null;
  }

  /** Where a number of the token opens. @param {number} seq @param {number} layer */
  place(seq, layer) {
    const { model } = this;
    return this.at(seq) === "encoder" ? { map: "encoder", layer, token: model.opened.place("encoder", seq).row } : { map: "self", row: model.row, layer };
  }

  /** The token in words. @param {number} seq */
  named(seq) {
    const { model } = this;
    return this.at(seq) === "encoder" ? model.source(model.opened.place("encoder", seq).row) : model.shown(model.says(seq, model.row)?.given);
  }
}

export class Stream {
  /** @param {Model} model @param {Stacks} stacks */
  constructor(model, stacks) {
    this.model = model;
    this.stacks = stacks;
    const { t } = model.stage;
    this.card = card(t("attention.translate.page.stream"), t("attention.translate.page.stream_caption"));
    this.card.actions.append(stacks.switch.element);
    this.element = this.card.element;
    this.element.classList.add("tr-wide");
    this.told = el("p", { class: "caption" });
    this.body = el("tbody", {});
    const head = ["sub", "x", "branch", "sum", "out"].map((id) => el("th", { scope: "col" }, t(`attention.translate.page.norm_${id}`)));
    this.card.body.append(this.told, el("div", { class: "translate-scroll" }, el("table", { class: "tr-stream" }, el("thead", {}, el("tr", {}, ...head)), this.body)));
  }

  /** @param {number} seq */
  draw(seq) {
    const { model, stacks } = this;
    const { t } = model.stage;
    const stack = stacks.at(seq);
    const subs = SUBS[stack];
    const layers = [...Array(model.layers).keys()].map((layer) => stacks.numbers(seq, layer, "norms", 4 * subs.length));
    const some = layers.some(Boolean);
    this.told.textContent = some ? t("attention.translate.page.stream_of", { stack: t(`attention.translate.page.${stack}`), token: stacks.named(seq) }) : t("attention.translate.page.nothing_yet");
    const most = Math.max(1, ...layers.flatMap((one) => one ?? []));
    const target = model.stage.selected();
    this.body.replaceChildren(
      ...layers.flatMap((norms, layer) =>
        norms
          ? subs.map((sub, at) => {
              const cells = ["x", "branch", "sum", "out"].map((of, k) => {
                const value = norms[4 * at + k];
                const asks = { kind: "norm", ...stacks.place(seq, layer), sub: at, of };
                const open = Boolean(target) && Object.entries(asks).every(([key, one]) => target?.[key] === one);
                return el("td", { style: `--share:${(100 * value) / most}%` }, el("button", { type: "button", class: `value${open ? " open" : ""}`, "data-exact": exact(value), onclick: () => model.stage.select(asks) }, num(value, 3)));
              });
              return el("tr", {}, el("th", { scope: "row" }, t("attention.translate.page.sub", { layer: layer + 1, sub: t(`attention.translate.sub.${sub}`) })), ...cells);
            })
          : [],
      ),
    );
  }
}
