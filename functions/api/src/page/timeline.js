// Picture of the chunks over time, on a canvas: a lane per worker that read at the same time. Only what is in view is
// drawn, so 10,000 chunks cost as little as 100. The words below it say the same.

import { button, fill, h } from "./dom.js";
import { bytes, clock, count, counted, duration, range } from "./format.js";
import { PHASES, arrange, segmentsOf } from "./lanes.js";

const LANE = 18;
const TOP = 22;
const MAX_ZOOM = 4096;
const COLOURS = Object.fromEntries(PHASES.map(([phase, , colour]) => [phase, colour]));

class Timeline extends HTMLElement {
  #zoom = 1;
  #selected = -1;
  #picture = { bars: [], lanes: 0, start: 0, end: 1, longest: 0, reused: 0, unchanged: 0 };

  connectedCallback() {
    this.canvas = h("canvas", { role: "img", tabindex: "0", "aria-label": "Timeline of the chunks. Arrow keys go through the chunks; the table below has the same in words." });
    this.spacer = h("div", { class: "spacer" });
    this.scroller = h("div", { class: "timeline-scroll" }, this.canvas, this.spacer);
    this.words = h("p", { class: "hint", "aria-live": "polite" }, "Point at or tap a chunk, or use the arrow keys.");
    const zoom = (factor) => () => this.#zoomTo(this.#zoom * factor);
    this.counts = h("span", { class: "hint" });
    this.replaceChildren(
      h("div", { class: "bar" }, h("ul", { class: "legend" }, PHASES.map(([, words, colour]) => { const swatch = h("i"); swatch.style.background = `var(${colour})`; return h("li", null, swatch, words); })),
        h("span", { class: "zoom" }, button("−", zoom(1 / 2), { "aria-label": "Zoom out" }), button("+", zoom(2), { "aria-label": "Zoom in" }))),
      this.scroller, this.words, this.counts);
    this.scroller.addEventListener("scroll", () => this.#later(), { passive: true });
    for (const kind of ["pointermove", "pointerdown"]) this.canvas.addEventListener(kind, (event) => this.#point(event));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.sized = new ResizeObserver(() => this.#later());
    this.sized.observe(this.scroller);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.redraw);
  }

  disconnectedCallback() {
    this.sized.disconnect();
    this.scheme.removeEventListener("change", this.redraw);
  }

  redraw = () => { this.colours = undefined; this.#later(); };

  /** Shows these chunks. `now` is the end of what runs. */
  show(chunks, now) {
    this.#picture = arrange(chunks, now);
    const { bars, lanes, reused, unchanged } = this.#picture;
    fill(this.counts, `${counted(bars.length, "attempt")} in ${counted(lanes, "lane")}`, reused > 0 && `; ${counted(reused, "chunk")} reused from an earlier export, which took no time`, unchanged > 0 && `; ${counted(unchanged, "chunk")} checked and found unchanged`, ". Files are uploaded while they are read; only what was left is drawn.");
    this.#later();
  }

  #later() {
    this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.#draw(); });
  }

  #zoomTo(zoom) {
    const middle = (this.scroller.scrollLeft + this.scroller.clientWidth / 2) / (this.#zoom * this.scroller.clientWidth);
    this.#zoom = Math.min(Math.max(zoom, 1), MAX_ZOOM);
    this.spacer.style.width = `${this.#zoom * 100}%`;
    this.scroller.scrollLeft = middle * this.#zoom * this.scroller.clientWidth - this.scroller.clientWidth / 2;
    this.#later();
  }

  /** Position of a time on the canvas, in pixels. */
  #x(time) { return (time - this.left) * this.scale; }

  /** Reads the part of the timeline that is in view. Reading these from the element for every bar would cost more than drawing. */
  #look() {
    const { start, end } = this.#picture;
    const width = this.scroller.clientWidth;
    this.scale = (width * this.#zoom) / (end - start) || 1;
    this.left = start + this.scroller.scrollLeft / this.scale;
    return width;
  }

  #draw() {
    const { bars, lanes, start, end, longest } = this.#picture;
    const width = this.#look();
    const height = TOP + Math.max(lanes, 1) * LANE + 4;
    const ratio = devicePixelRatio || 1;
    const { canvas } = this;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const style = (this.colours ??= this.#read());
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    this.#axis(pen, style, { start, end, width, height });
    // Bars are in the order of their starts. One that ends within the last drawn pixel of its lane would not be seen.
    const drawn = new Float64Array(lanes).fill(-1);
    for (let index = firstFrom(bars, this.left - longest); index < bars.length; index += 1) {
      const bar = bars[index];
      if (this.#x(bar.start - longest) > width) break;
      const right = this.#x(bar.end);
      if (right < 0 || (right < drawn[bar.lane] + 1 && bar.attempt.outcome === "done" && index !== this.#selected)) continue;
      drawn[bar.lane] = right;
      this.#bar(pen, style, bar, index === this.#selected);
    }
  }

  #bar(pen, style, bar, selected) {
    const y = TOP + bar.lane * LANE + 2;
    const tall = LANE - 4;
    const x = this.#x(bar.start);
    const whole = Math.max(this.#x(bar.end) - x, 1);
    const { outcome } = bar.attempt;
    pen.fillStyle = style["--phase-wait"];
    pen.fillRect(this.#x(bar.from), y + tall / 2 - 1, x - this.#x(bar.from), 2);
    const colour = bar.chunk.verified ? "--phase-reuse" : !outcome ? "--phase-read" : outcome === "done" || outcome === "split" ? "--phase-other" : "--phase-fail";
    pen.fillStyle = style[colour];
    pen.fillRect(x, y, whole, tall);
    if (colour === "--phase-other") {
      for (const [phase, from, to] of segmentsOf(bar)) {
        pen.fillStyle = style[COLOURS[phase]];
        // Encoding is beside reading: the lower third.
        const [top, high] = phase === "encoded" ? [y + tall * 2 / 3, tall / 3] : [y, tall];
        pen.fillRect(this.#x(from), top, (to - from) * this.scale, high);
      }
    }
    if (selected) {
      pen.strokeStyle = style["--text"];
      pen.lineWidth = 2;
      pen.strokeRect(this.#x(bar.start) - 1, y - 1, whole + 2, tall + 2);
    }
  }

  #axis(pen, style, { start, end, width, height }) {
    const visible = (end - start) / this.#zoom;
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400].map((seconds) => seconds * 1000);
    const step = steps.find((one) => visible / one <= width / 90) ?? 86400000;
    const first = Math.max(0, Math.floor(this.scroller.scrollLeft / (width * this.#zoom) * (end - start) / step));
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "top";
    for (let index = first; index * step <= end - start; index += 1) {
      const x = this.#x(start + index * step);
      if (x > width) break;
      pen.fillStyle = style["--line"];
      pen.fillRect(x, 0, 1, height);
      pen.fillStyle = style["--muted"];
      pen.fillText(duration(index * step / 1000), x + 4, 4);
    }
  }

  #read() {
    const computed = getComputedStyle(this);
    const names = [...PHASES.map(([, , colour]) => colour), "--line", "--muted", "--text"];
    return Object.fromEntries(names.map((name) => [name, computed.getPropertyValue(name).trim()]));
  }

  #point({ offsetX, offsetY }) {
    this.#look();
    const lane = Math.floor((offsetY - TOP) / LANE);
    const found = this.#picture.bars.findIndex((bar) => bar.lane === lane && this.#x(bar.start) - 1 <= offsetX && Math.max(this.#x(bar.end), this.#x(bar.start) + 1) + 1 >= offsetX);
    if (found >= 0 && found !== this.#selected) this.#select(found);
  }

  #key(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity };
    if (event.key === "+" || event.key === "-") this.#zoomTo(this.#zoom * (event.key === "+" ? 2 : 1 / 2));
    else if (event.key in steps && this.#picture.bars.length) {
      this.#select(Math.min(Math.max(this.#selected + steps[event.key], 0), this.#picture.bars.length - 1));
      this.#look();
      const x = this.#x(this.#picture.bars[this.#selected].start);
      if (x < 0 || x > this.scroller.clientWidth - 20) this.scroller.scrollLeft += x - this.scroller.clientWidth / 2;
    } else return;
    event.preventDefault();
  }

  #select(index) {
    this.#selected = index;
    fill(this.words, describe(this.#picture.bars[index]));
    this.#later();
  }
}
customElements.define("sluice-timeline", Timeline);

/** Index of the first bar that starts at or after a time. */
function firstFrom(bars, time) {
  let [low, high] = [0, bars.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bars[middle].start < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One attempt in words. */
function describe({ chunk, attempt, start, end }) {
  const { connectMs, readMs, firstRowMs, encodeMs, uploadMs, waitedMs } = attempt;
  const took = (words, time) => time > 0 && `${words} ${duration(time / 1000)}`;
  const read = readMs > 0 && `read for ${duration(readMs / 1000)}${firstRowMs > 0 ? ` (first row after ${duration(firstRowMs / 1000)})` : ""}`;
  const spent = [took("waited", waitedMs), took("connected in", connectMs), read, took("encoded at the same time, in all threads", encodeMs), took("uploaded the rest in", uploadMs)];
  const size = chunk.state === "done" && `${counted(chunk.rows ?? 0, "row")}, ${bytes(chunk.bytes ?? 0)}`;
  const outcome = attempt.reason ? `${attempt.outcome}: ${attempt.reason}` : attempt.endedAt ? chunk.verified && "found unchanged, not read" : "running";
  const tries = attempt.number > 1 && `attempt ${count(attempt.number)}`;
  return [`${chunk.dataset}, ${range(chunk.range)}`, tries, `began ${clock(start)}`, `took ${duration((end - start) / 1000)}`, ...spent, size, outcome].filter(Boolean).join(" · ");
}
