// A picture with boxes on it: where each anchor is. Drag draws one, a click puts a small one down, arrows move it,
// Shift+arrows change its size, Delete takes it away. Positions are shares of the picture's width and height.
const LEAST = 0.02;
const CLICKED = 0.12; // of the shorter side
const STEP = 0.01;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export default {
  props: {
    src: String,
    alt: String,
    width: Number,
    height: Number,
    marks: { type: Array, default: () => [] }, // [{ id, label, box: [x, y, width, height] }]
    picked: { type: [Number, null], default: null }, // the id of the one that is spoken of
    still: Boolean, // only to be seen
    focus: { type: Number, default: 0 }, // raised to put the focus on the picked one
  },
  emits: ["drawn", "moved", "removed", "chosen"],
  template: `
    <div class="marker" :class="{ still, drawing: !!draft }" :style="frame" ref="frame"
      @pointerdown="down" @pointermove="move" @pointerup="up" @pointercancel="cancel">
      <img :src="src" :alt="alt" draggable="false">
      <component :is="still ? 'span' : 'button'" v-for="(mark, index) in shown" :key="mark.id" class="mark"
        :type="still ? null : 'button'" :data-mark="mark.id" :class="{ picked: mark.id === picked }" :style="place(mark.box)"
        :aria-label="still ? null : spoken(mark, index)" :aria-describedby="still ? null : hintId"
        @keydown="key($event, mark)" @focus="$emit('chosen', mark.id)">
        <span class="mark-number" aria-hidden="true">{{ mark.number ?? index + 1 }}</span>
        <span v-if="!still && mark.id === picked" class="mark-grip" data-grip aria-hidden="true"></span>
      </component>
      <span v-if="draft" class="mark draft" :style="place(draft)"></span>
      <span v-if="!still" class="sr" :id="hintId">Arrows move it, Shift and arrows change its size, Delete takes it away.</span>
    </div>`,
  data() {
    return { draft: null, own: [], act: null, hintId: "marker-" + Math.random().toString(36).slice(2) };
  },
  computed: {
    frame() {
      const ratio = (this.width || 1) / (this.height || 1);
      return { aspectRatio: String(ratio), "--ratio": String(ratio) };
    },
    shown() {
      return this.own.length ? this.own : this.marks;
    },
  },
  watch: {
    marks: {
      deep: true,
      handler() {
        if (!this.act) this.own = [];
      },
    },
    focus() {
      this.$nextTick(() => this.$el.querySelector(`[data-mark="${this.picked}"]`)?.focus());
    },
  },
  methods: {
    place(box) {
      const [x, y, width, height] = box.map((value) => `${(100 * value).toFixed(3)}%`);
      return { left: x, top: y, width, height };
    },
    spoken(mark, index) {
      const [x, y, width, height] = mark.box;
      const percent = (value) => Math.round(100 * value);
      return `${mark.label || "Anchor " + (mark.number ?? index + 1)}: ${percent(x + width / 2)} % from the left, ${percent(y + height / 2)} % from the top, ${percent(width)} % by ${percent(height)} %`;
    },
    point(event) {
      const seen = this.$refs.frame.getBoundingClientRect();
      return [clamp((event.clientX - seen.left) / seen.width, 0, 1), clamp((event.clientY - seen.top) / seen.height, 0, 1)];
    },
    down(event) {
      if (this.still || event.button !== 0) return;
      const start = this.point(event);
      const held = event.target.closest("[data-mark]");
      const mark = held && this.shown.find((one) => String(one.id) === held.dataset.mark);
      if (mark) {
        this.act = { kind: event.target.closest("[data-grip]") ? "size" : "move", id: mark.id, start, box: [...mark.box], changed: false };
        this.$emit("chosen", mark.id);
      } else {
        this.act = { kind: "draw", start };
        this.draft = [...start, 0, 0];
        event.preventDefault();
      }
      this.$refs.frame.setPointerCapture?.(event.pointerId);
    },
    move(event) {
      if (!this.act) return;
      const [x, y] = this.point(event);
      const [left, top] = this.act.start;
      if (this.act.kind === "draw") {
        this.draft = [Math.min(x, left), Math.min(y, top), Math.abs(x - left), Math.abs(y - top)];
        return;
      }
      if (Math.hypot(x - left, y - top) < 0.004 && !this.act.changed) return;
      this.act.changed = true;
      this.set(this.act.id, this.changed(this.act.box, x - left, y - top, this.act.kind === "size"));
    },
    up(event) {
      const act = this.act;
      this.act = null;
      if (!act) return;
      if (act.kind !== "draw") {
        if (act.changed) this.send(act.id);
        else this.$el.querySelector(`[data-mark="${act.id}"]`)?.focus();
        return;
      }
      let box = this.draft;
      this.draft = null;
      if (box[2] < LEAST || box[3] < LEAST) box = this.around(act.start);
      this.$emit("drawn", box.map((value) => Number(value.toFixed(4))));
    },
    cancel() {
      this.act = this.draft = null;
      this.own = [];
    },
    around([x, y]) {
      const shorter = Math.min(this.width, this.height) * CLICKED;
      const [width, height] = [shorter / this.width, shorter / this.height];
      return [clamp(x - width / 2, 0, 1 - width), clamp(y - height / 2, 0, 1 - height), width, height];
    },
    changed([x, y, width, height], across, down, size) {
      if (size) return [x, y, clamp(width + across, LEAST, 1 - x), clamp(height + down, LEAST, 1 - y)];
      return [clamp(x + across, 0, 1 - width), clamp(y + down, 0, 1 - height), width, height];
    },
    key(event, mark) {
      if (this.still) return;
      const towards = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
      if (towards) {
        event.preventDefault();
        const now = this.shown.find((one) => one.id === mark.id);
        this.set(mark.id, this.changed(now.box, towards[0], towards[1], event.shiftKey));
        clearTimeout(this.waits);
        this.waits = setTimeout(() => this.send(mark.id), 250);
      } else if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        this.$emit("removed", mark.id);
      }
    },
    set(id, box) {
      this.own = this.shown.map((one) => (one.id === id ? { ...one, box } : one));
    },
    send(id) {
      const mark = this.shown.find((one) => one.id === id);
      if (mark) this.$emit("moved", id, mark.box.map((value) => Number(value.toFixed(4))));
    },
  },
};
