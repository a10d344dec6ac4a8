// A wall of takes that may be very long: rows of equal width under the day they were made on. Only the rows around what
// is seen are elements; the rest are plain values and a height. Choosing and moving about happen here, at once; what is
// done with the chosen is told to the studio.
const GAP = 8;
const WIDEST = 2.2, NARROWEST = 0.5; // width / height of a tile
const MOST_CHOSEN = 1000;
const PRESS = 450, LINGER = 160; // milliseconds
const ICONS = "/studio/static/icons.svg#";

export default {
  props: {
    trashed: Boolean,
    selecting: Boolean, // a click chooses
  },
  emits: ["ready", "more", "open", "did", "selects"],
  template: `
    <div class="takes-wall" :class="{ selecting: choosing }" :aria-busy="loading">
      <div ref="space" class="takes-space" :style="{ height: height + 'px' }" @keydown="pressed">
        <section v-for="section in shown" :key="section.day" :aria-labelledby="section.id">
          <h2 :id="section.id" class="takes-day" :style="{ top: section.top + 'px' }">{{ section.title }}</h2>
          <ul>
            <li v-for="tile in section.tiles" :key="tile.item.id" class="tile" :class="{ chosen: chosen.has(tile.item.id) }" :style="tile.box">
              <a class="tile-face" :href="'/creations?take=' + encodeURIComponent(tile.item.id)" :data-take="tile.item.id"
                :tabindex="tile.item.id === current ? 0 : -1" :aria-label="said(tile.item)" draggable="false"
                @click="clicked($event, tile.item)" @focus="focused(tile.item)" @blur="still" @pointerenter="entered($event, tile.item)"
                @pointerleave="still" @pointerdown="down($event, tile.item)" @pointermove="moved" @pointerup="up" @pointercancel="up"
                @contextmenu="pressing && $event.preventDefault()">
                <img v-if="tile.item.asset" :src="'/studio/picture/' + tile.item.asset + '/' + tile.side + '.jpg'" alt="" decoding="async" draggable="false">
                <video v-if="playing === tile.item.id" :src="'/studio/clip/' + tile.item.asset + '.mp4'" muted autoplay loop playsinline
                  :poster="'/studio/picture/' + tile.item.asset + '/' + tile.side + '.jpg'" tabindex="-1" aria-hidden="true"></video>
                <span v-if="tile.item.length" class="tile-length number">{{ clock(tile.item.length) }}</span>
                <span v-if="tile.item.picked" class="tile-picked">Pick</span>
              </a>
              <button type="button" class="tile-check" tabindex="-1" :aria-pressed="chosen.has(tile.item.id)"
                :aria-label="(chosen.has(tile.item.id) ? 'Leave out: ' : 'Select: ') + tile.item.label" @click="toggle(tile.item, $event)">
                <svg class="icon" aria-hidden="true" focusable="false"><use href="${ICONS}check"></use></svg>
              </button>
              <span class="verdict tile-word one-line" :class="tile.item.verdict || 'none'" aria-hidden="true">{{ tile.item.word }}</span>
            </li>
          </ul>
        </section>
      </div>
      <p v-if="loading" class="takes-more muted small">Loading</p>
      <div v-if="broken" class="takes-more row">
        <span class="muted small">The rest could not be loaded.</span>
        <button type="button" class="button low" @click="ask">Try again</button>
      </div>
      <div v-if="choosing" class="takes-bar" role="group" aria-label="What to do with the selected takes">
        <span class="strong small grow" role="status">{{ full ? 'The most are selected: ' + chosen.size : chosen.size ? chosen.size + ' selected' : 'Select takes' }}</span>
        <button v-for="one in deeds" :key="one.what" type="button" class="button low" :class="one.kind"
          :disabled="one.exactly ? chosen.size !== one.exactly : !chosen.size" :title="one.why" @click="does(one.what)">
          <svg class="icon" aria-hidden="true" focusable="false"><use :href="'${ICONS}' + one.drawn"></use></svg><span>{{ one.text }}</span>
        </button>
        <button type="button" class="button low quiet" @click="leave"><svg class="icon" aria-hidden="true" focusable="false"><use href="${ICONS}x"></use></svg><span>Done</span></button>
      </div>
    </div>`,
  data() {
    return { shown: [], height: 0, loading: true, broken: false, done: true, chosen: new Set(), current: null, playing: null, pressing: false };
  },
  computed: {
    choosing() {
      return this.selecting || this.chosen.size > 0;
    },
    full() {
      return this.chosen.size >= MOST_CHOSEN;
    },
    deeds() {
      if (this.trashed) return [{ what: "restore", text: "Restore", drawn: "archive-restore" }];
      return [
        { what: "tag", text: "Tags", drawn: "tag" },
        { what: "compare", text: "Compare", drawn: "columns-2", exactly: 2, why: "Select two to compare them" },
        { what: "download", text: "Download", drawn: "download" },
        { what: "delete", text: "Delete", drawn: "trash-2" },
      ];
    },
  },
  created() {
    this.items = []; // plain, whatever their number: Vue has nothing to watch in them
    this.ids = new Set();
    this.gone = new Map();
    this.laid = null;
    this.rows = [];
    this.serial = 0;
    this.last = null; // what was chosen last, where a range begins
  },
  mounted() {
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.watcher = new ResizeObserver(() => this.$el.clientWidth !== this.width && this.keepPlace(() => this.lay()));
    this.watcher.observe(this.$el);
    addEventListener("scroll", this.scrolled, { passive: true });
    this.$emit("ready");
  },
  unmounted() {
    this.watcher.disconnect();
    removeEventListener("scroll", this.scrolled);
    for (const one of [this.press, this.lingers]) clearTimeout(one);
    cancelAnimationFrame(this.frame);
  },
  methods: {
    // --- told by the studio -----------------------------------------------------------------------------------------
    begin(serial) {
      this.serial = serial;
      this.items = [];
      this.ids.clear();
      this.gone.clear();
      this.loading = true;
      this.broken = this.done = false;
      this.chosen.clear();
      this.current = this.last = this.playing = null;
    },
    add(serial, items, done) {
      if (serial !== this.serial) return;
      const on = this.items.length > 0;
      for (const item of items) if (!this.ids.has(item.id)) this.keep(item);
      this.loading = false;
      this.done = done;
      this.lay(on);
    },
    keep(item) {
      this.items.push(Object.freeze(item));
      this.ids.add(item.id);
    },
    fresh(serial, items) {
      // What differs by now: takes that are new here come first, those that are here are shown as they are now.
      if (serial !== this.serial || !this.items.length) return;
      const places = new Map(this.items.map((item, place) => [item.id, place]));
      const first = this.items.length ? this.items[0].at : -Infinity;
      const ahead = [];
      for (const item of items) {
        if (places.has(item.id)) this.items[places.get(item.id)] = Object.freeze(item);
        else if (item.at > first && !this.gone.has(item.id)) ahead.push(Object.freeze(item));
      }
      for (const item of ahead) this.ids.add(item.id);
      this.keepPlace(() => { this.items.unshift(...ahead); this.lay(); });
    },
    drop(ids) {
      const going = new Set(ids), held = this.$el.contains(document.activeElement);
      for (const item of this.items) if (going.has(item.id)) this.gone.set(item.id, item);
      const at = this.items.findIndex((item) => item.id === this.current);
      this.items = this.items.filter((item) => !going.has(item.id));
      for (const id of ids) { this.chosen.delete(id); this.ids.delete(id); }
      if (going.has(this.current)) this.current = this.items[Math.min(at, this.items.length - 1)]?.id ?? null;
      this.lay();
      if (held && this.current !== null) this.go(this.current);
    },
    bring(ids) {
      const back = ids.map((id) => this.gone.get(id)).filter(Boolean);
      for (const item of back) { this.gone.delete(item.id); this.ids.add(item.id); }
      this.items = [...this.items, ...back].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
      this.lay();
    },
    failed(serial) {
      if (serial !== this.serial) return;
      this.loading = false;
      this.broken = true;
    },
    async step(id, by) {
      // The one before or after another, loading more where that is needed.
      const at = this.items.findIndex((item) => item.id === id);
      if (at < 0) return;
      if (at + by >= this.items.length - 3) this.ask();
      const item = this.items[at + by];
      if (item) this.$emit("open", [item.id, item.shot]);
    },
    seek(id) {
      if (this.items.some((item) => item.id === id)) this.go(id);
      else if (this.current !== null) this.go(this.current);
    },
    place(address, push) {
      // The fragment is in what a page is told when somebody comes back to it, not in the address: with one that is
      // nowhere, it stays scrolled to where it is.
      history[push ? "pushState" : "replaceState"]({ page: address + "#here" }, "", address);
    },
    leave() {
      this.chosen.clear();
      this.$emit("selects", false);
    },

    // --- where everything is ----------------------------------------------------------------------------------------
    lay(on = false) {
      // `on`: only what was added after what is laid already, but for its last row, which may have been short.
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const width = (this.width = this.$el.clientWidth);
      const target = Math.round(width < 520 ? 9 * rem : width < 1800 ? 13 * rem : 16 * rem);
      const under = 1.75 * rem, heading = 2.75 * rem;
      const from = on ? this.laid : { place: 0, rows: 0, top: 0, day: null, dayTop: 0 };
      const rows = this.rows;
      rows.length = from.rows;
      let { top, day, dayTop } = from, row = null, share = 0;
      const close = (whole) => {
        if (!row) return;
        const room = width - GAP * (row.items.length - 1);
        row.high = whole ? room / share : Math.min(target, room / share);
        let left = 0;
        for (const tile of row.items) { tile.left = left; tile.width = tile.ratio * row.high; left += tile.width + GAP; }
        row.bottom = top += row.high + under + GAP;
        row = null;
        share = 0;
      };
      this.laid = from;
      for (let place = from.place; place < this.items.length; place++) {
        const item = this.items[place];
        if (item.day !== day) {
          close(false);
          if (day !== null) top += GAP;
          day = item.day;
          dayTop = top;
          rows.push({ day, dayTop, top, heading: true, bottom: (top += heading) });
        }
        if (!row) {
          this.laid = { place, rows: rows.length, top, day, dayTop };
          rows.push((row = { day, dayTop, top, items: [] }));
        }
        const ratio = Math.min(WIDEST, Math.max(NARROWEST, item.ratio));
        row.items.push({ item, place, ratio });
        share += ratio;
        if (share * target + GAP * (row.items.length - 1) >= width) close(true);
      }
      close(false);
      this.height = top;
      if (!on && (this.current === null || !this.ids.has(this.current))) this.current = this.items[0]?.id ?? null;
      this.see();
    },
    see() {
      const begins = this.$refs.space.getBoundingClientRect().top;
      const from = -begins - 0.75 * innerHeight, to = -begins + 1.75 * innerHeight;
      let low = 0, high = this.rows.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.rows[middle].bottom < from) low = middle + 1;
        else high = middle;
      }
      const seen = [];
      for (let place = low; place < this.rows.length && this.rows[place].top <= to; place++) if (!this.rows[place].heading) seen.push(this.rows[place]);
      if (this.$refs.space.contains(document.activeElement)) {
        // What has the focus stays, however far away it is.
        const kept = this.rowOf(this.current);
        if (kept && !seen.includes(kept)) seen[kept.top < (seen[0]?.top ?? 0) ? "unshift" : "push"](kept);
      }
      const sections = new Map();
      for (const row of seen) {
        if (!sections.has(row.day)) sections.set(row.day, { day: row.day, id: "day-" + row.day, title: titled(row.day), top: row.dayTop, tiles: [] });
        for (const tile of row.items) sections.get(row.day).tiles.push(this.tile(row, tile));
      }
      this.shown = [...sections.values()];
      this.$nextTick(() => this.needed(to));
    },
    needed(to) {
      if (!this.done && !this.loading && !this.broken && this.height < to + innerHeight) this.ask();
    },
    ask() {
      if (this.done || this.loading) return;
      this.loading = true;
      this.broken = false;
      this.$emit("more", this.serial);
    },
    tile(row, { item, left, width }) {
      const dots = Math.max(width, row.high) * Math.min(2, devicePixelRatio || 1);
      return {
        item,
        side: dots > 420 ? 640 : 320,
        box: { left: left.toFixed(1) + "px", top: row.top.toFixed(1) + "px", width: width.toFixed(1) + "px", height: row.high.toFixed(1) + "px" },
      };
    },
    rowOf(id) {
      return this.rows.find((row) => !row.heading && row.items.some((tile) => tile.item.id === id));
    },
    scrolled() {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.$el.isConnected && this.see());
    },
    keepPlace(change) {
      // Whatever is added above, what somebody looks at stays where it is.
      const begins = this.$refs.space.getBoundingClientRect().top;
      const before = begins < 0 ? this.rows.find((row) => !row.heading && row.top >= -begins) : null;
      const id = before?.items[0].item.id, was = before?.top;
      change();
      const now = id && this.rowOf(id);
      if (now && now.top !== was) this.$nextTick(() => scrollBy(0, now.top - was));
    },

    // --- moving about -----------------------------------------------------------------------------------------------
    pressed(event) {
      const face = event.target.closest(".tile-face");
      if (!face) return;
      const at = this.items.findIndex((item) => item.id === face.dataset.take);
      const item = this.items[at];
      if (!item || event.altKey) return;
      const plain = !event.ctrlKey && !event.metaKey;
      let to = -1;
      if (event.key === "ArrowRight" && plain) to = at + 1;
      else if (event.key === "ArrowLeft" && plain) to = at - 1;
      else if (event.key === "ArrowDown" && plain) to = this.beside(item.id, 1);
      else if (event.key === "ArrowUp" && plain) to = this.beside(item.id, -1);
      else if (event.key === "Home") to = 0;
      else if (event.key === "End") to = this.items.length - 1;
      else if (event.key === " ") this.toggle(item, event);
      else if (event.key === "Escape" && this.choosing) this.leave();
      else if (event.key.toLowerCase() === "a" && !plain) for (const one of this.items) { if (this.full) break; this.chosen.add(one.id); }
      else if (event.key === "Delete" && this.chosen.size && !this.trashed) this.does("delete");
      else return;
      event.preventDefault();
      if (to < 0 || to >= this.items.length) return;
      if (event.shiftKey) this.range(at, to);
      this.go(this.items[to].id);
    },
    beside(id, by) {
      const place = this.rows.indexOf(this.rowOf(id));
      const { left, width } = this.rows[place].items.find((tile) => tile.item.id === id);
      let next = place + by;
      while (this.rows[next]?.heading) next += by;
      const row = this.rows[next];
      if (!row) return -1;
      const apart = (tile) => Math.abs(tile.left + tile.width / 2 - left - width / 2);
      return row.items.reduce((best, tile) => (apart(tile) < apart(best) ? tile : best)).place;
    },
    go(id) {
      this.current = id;
      const row = this.rowOf(id), begins = this.$refs.space.getBoundingClientRect().top;
      const bar = this.$el.querySelector(".takes-bar")?.offsetHeight ?? 0;
      const above = row.top + begins - 56, below = row.bottom + begins + bar + 80 - innerHeight;
      if (above < 0) scrollBy(0, above);
      else if (below > 0) scrollBy(0, below);
      this.see();
      this.$nextTick(() => this.$el.querySelector(`[data-take="${CSS.escape(id)}"]`)?.focus({ preventScroll: true }));
    },
    focused(item) {
      this.current = item.id;
      this.linger(item);
    },

    // --- clips that play --------------------------------------------------------------------------------------------
    entered(event, item) {
      if (event.pointerType !== "touch") this.linger(item);
    },
    linger(item) {
      clearTimeout(this.lingers);
      if (!item.length || this.calm.matches) return;
      this.lingers = setTimeout(() => (this.playing = item.id), LINGER);
    },
    still() {
      clearTimeout(this.lingers);
      this.playing = null;
    },

    // --- choosing ---------------------------------------------------------------------------------------------------
    down(event, item) {
      if (event.pointerType !== "touch") return;
      this.spot = [event.clientX, event.clientY];
      clearTimeout(this.press);
      this.press = setTimeout(() => { this.pressing = true; this.toggle(item, event); }, PRESS);
    },
    moved(event) {
      if (this.spot && Math.hypot(event.clientX - this.spot[0], event.clientY - this.spot[1]) > 12) this.up();
    },
    up() {
      clearTimeout(this.press);
      this.spot = null;
    },
    clicked(event, item) {
      if (event.button) return;
      event.preventDefault();
      event.stopPropagation();
      if (this.pressing) { this.pressing = false; return; } // the end of a long press, which chose already
      if (this.choosing || event.ctrlKey || event.metaKey || event.shiftKey) this.toggle(item, event);
      else this.$emit("open", [item.id, item.shot]);
    },
    toggle(item, event) {
      const at = this.items.findIndex((one) => one.id === item.id);
      const from = this.items.findIndex((one) => one.id === this.last);
      if (event.shiftKey && event.type !== "keydown" && from >= 0) this.range(from, at);
      else if (this.chosen.has(item.id)) this.chosen.delete(item.id);
      else if (!this.full) this.chosen.add(item.id);
      this.last = item.id;
      this.current = item.id;
    },
    range(from, to) {
      const [low, high] = from < to ? [from, to] : [to, from];
      for (let place = low; place <= high && !this.full; place++) this.chosen.add(this.items[place].id);
    },
    does(what) {
      const ids = this.items.filter((item) => this.chosen.has(item.id)).map((item) => item.id);
      if (what === "download") this.save(this.items.filter((item) => this.chosen.has(item.id) && item.asset));
      else this.$emit("did", [what, ids]);
    },
    async save(items) {
      for (const item of items) {
        const link = Object.assign(document.createElement("a"), { href: "/studio/original/" + item.asset, download: "" });
        link.click();
        await new Promise((then) => setTimeout(then, 400)); // browsers let go of downloads that come all at once
      }
    },

    // --- words ------------------------------------------------------------------------------------------------------
    said(item) {
      const parts = [item.label, item.word, item.picked && "the pick", item.length && "clip of " + clock(item.length), this.chosen.has(item.id) && "selected"];
      return parts.filter(Boolean).join(", ");
    },
    clock,
  },
};

function clock(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0");
}

function titled(day) {
  const [year, month, date] = day.split("-").map(Number);
  const then = new Date(year, month - 1, date), now = new Date();
  const days = Math.round((new Date(now.getFullYear(), now.getMonth(), now.getDate()) - then) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return then.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: year === now.getFullYear() ? undefined : "numeric" });
}
