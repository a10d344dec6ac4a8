// A prompt box: typing @ offers the cast with portraits, and who is named stands below as chips. All of it happens here;
// the server is told what the box holds once nothing was typed for a moment.
const MENTION = /(^|[^\p{L}\p{N}_@-])@([a-zA-Z][a-zA-Z0-9_-]{0,14})/gu;

export default {
  props: {
    text: String, // what the server last wrote into the box
    writes: Number, // raised whenever it does
    cast: String, // where who can be named is read: a list of [handle, name, src]
    placeholder: String,
    label: String,
  },
  template: `
    <div class="prompt-box">
      <div class="prompt-paper">
        <div class="prompt-mirror" ref="mirror" aria-hidden="true"><template v-for="piece in pieces"
          ><mark v-if="piece.known">{{ piece.text }}</mark><template v-else>{{ piece.text }}</template></template>&#8203;</div>
        <textarea ref="box" class="prompt-text" :aria-label="label" :placeholder="placeholder" v-model="value"
          spellcheck="true" autocapitalize="sentences" rows="4" role="combobox" aria-autocomplete="list"
          :aria-expanded="offers.length > 0" :aria-controls="listId" :aria-activedescendant="active"
          @input="typed" @keydown="pressed" @keyup="moved" @click="moved" @scroll="scrolled" @blur="dismiss"></textarea>
        <ul v-show="offers.length" :id="listId" class="offers" role="listbox" aria-label="Characters" :style="place">
          <li v-for="(one, index) in offers" :key="one.handle" :id="listId + '-' + index" role="option"
            :aria-selected="index === at" :class="{ at: index === at }"
            @pointerdown.prevent="take(one)" @pointerenter="at = index">
            <img :src="one.src" alt="" width="32" height="32"><span class="grow one-line">{{ one.name }}</span>
            <span class="muted small">@{{ one.handle }}</span>
          </li>
        </ul>
      </div>
      <ul class="named" v-if="named.length" aria-label="Who is in it">
        <li v-for="one in named" :key="one.handle" class="chip large">
          <img :src="one.src" alt="" width="28" height="28"><span>{{ one.name }}</span>
          <button type="button" class="chip-close" :aria-label="'Take ' + one.name + ' out of the prompt'" @click="drop(one)">×</button>
        </li>
      </ul>
    </div>`,
  data() {
    return { value: this.text || "", all: [], offers: [], at: 0, from: -1, place: {}, listId: "offers-" + Math.random().toString(36).slice(2) };
  },
  computed: {
    known() {
      return new Map(this.all.map((one) => [one.handle, one]));
    },
    pieces() {
      const pieces = [];
      let end = 0;
      for (const found of this.value.matchAll(MENTION)) {
        const start = found.index + found[1].length;
        pieces.push({ text: this.value.slice(end, start) });
        end = start + found[2].length + 1;
        pieces.push({ text: this.value.slice(start, end), known: this.known.has(found[2].toLowerCase()) });
      }
      pieces.push({ text: this.value.slice(end) });
      return pieces;
    },
    named() {
      const handles = [...this.value.matchAll(MENTION)].map((found) => found[2].toLowerCase());
      return [...new Set(handles)].map((handle) => this.known.get(handle)).filter(Boolean);
    },
    active() {
      return this.offers.length ? `${this.listId}-${this.at}` : null;
    },
  },
  watch: {
    cast: {
      immediate: true,
      async handler(url) {
        const answer = url && (await fetch(url).catch(() => null)); // kept by the browser: its address changes with the cast
        if (!answer || !answer.ok) return;
        const found = (await answer.json()).map(([handle, name, src]) => ({ handle, name, src }));
        if (url !== this.cast) return;
        this.all = Object.freeze(found);
        if (document.activeElement === this.$refs.box) this.moved(); // who typed @ before they were there sees them now
      },
    },
    writes() {
      this.value = this.text || "";
      this.$nextTick(this.fit);
    },
  },
  mounted() {
    this.fit();
  },
  beforeUnmount() {
    clearTimeout(this.waits);
  },
  methods: {
    typed() {
      this.fit();
      this.moved();
      clearTimeout(this.waits);
      this.waits = setTimeout(() => this.naming() || this.tell(), 250);
    },
    naming() {
      // A name that is half typed, and offered: nobody needs to hear that there is no such one.
      return this.offers.length > 0 && !this.known.has(this.begun);
    },
    tell() {
      clearTimeout(this.waits);
      if (this.value === this.told) return;
      this.told = this.value;
      this.$emit("typed", this.value);
    },
    fit() {
      const box = this.$refs.box;
      box.style.height = "auto";
      box.style.height = Math.min(box.scrollHeight, 0.4 * window.innerHeight) + "px";
      this.scrolled();
    },
    scrolled() {
      this.$refs.mirror.scrollTop = this.$refs.box.scrollTop;
    },
    moved(event) {
      if (event && ["ArrowDown", "ArrowUp", "Enter", "Tab", "Escape"].includes(event.key)) return;
      const before = this.value.slice(0, this.$refs.box.selectionStart);
      const found = before.match(/(^|[^\p{L}\p{N}_@-])@([a-zA-Z0-9_-]{0,15})$/u);
      if (!found) return this.shut();
      const begun = (this.begun = found[2].toLowerCase());
      this.from = before.length - begun.length - 1;
      const fits = (one) => one.handle.startsWith(begun) || one.name.toLowerCase().split(/\s+/).some((word) => word.startsWith(begun));
      this.offers = this.all.filter(fits).slice(0, 8);
      this.at = 0;
      this.$nextTick(() => (this.place = this.under())); // the mirror has the text then
    },
    under() {
      // Where the caret is: the mirror lays the text out just as the box does.
      const mirror = this.$refs.mirror, range = document.createRange();
      const walker = document.createTreeWalker(mirror, NodeFilter.SHOW_TEXT);
      let left = this.from, node = walker.nextNode();
      while (node && node.length <= left) { left -= node.length; node = walker.nextNode(); }
      if (!node) return {};
      range.setStart(node, Math.min(left, node.length));
      const spot = range.getBoundingClientRect(), paper = mirror.getBoundingClientRect();
      return { left: Math.max(0, Math.min(spot.left - paper.left, paper.width - 288)) + "px", top: spot.bottom - paper.top + 6 + "px" };
    },
    pressed(event) {
      if (event.isComposing) return;
      if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
        event.preventDefault();
        this.tell();
        this.$emit("go", this.value);
        return;
      }
      if (!this.offers.length) return;
      const last = this.offers.length - 1;
      if (event.key === "ArrowDown") this.at = this.at === last ? 0 : this.at + 1;
      else if (event.key === "ArrowUp") this.at = this.at === 0 ? last : this.at - 1;
      else if (event.key === "Enter" || event.key === "Tab") this.take(this.offers[this.at]);
      else if (event.key === "Escape") this.dismiss();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    take(one) {
      const box = this.$refs.box, end = box.selectionStart, rest = this.value.slice(end);
      const gap = /^\s/.test(rest) ? "" : " ";
      this.put(this.value.slice(0, this.from) + "@" + one.handle + gap + rest, this.from + one.handle.length + 2);
    },
    add(handle) {
      // Called by the server: somebody was chosen from the list of characters.
      const box = this.$refs.box, at = box.selectionStart ?? this.value.length;
      const before = this.value.slice(0, at), gap = before && !/\s$/.test(before) ? " " : "";
      const said = gap + "@" + handle + " ";
      this.put(before + said + this.value.slice(at).replace(/^\s+/, ""), at + said.length);
    },
    drop(one) {
      const own = new RegExp("@" + one.handle + "(?![a-zA-Z0-9_-])\\s?", "gi");
      this.put(this.value.replace(own, ""), 0);
    },
    put(value, caret) {
      this.value = value;
      this.shut();
      this.$nextTick(() => {
        this.$refs.box.focus();
        this.$refs.box.setSelectionRange(caret, caret);
        this.fit();
        this.tell();
      });
    },
    shut() {
      this.offers = [];
    },
    dismiss() {
      this.shut();
      this.tell();
    },
  },
};
