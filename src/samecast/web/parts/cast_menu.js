// The cast as a menu under a button: opened, it can be narrowed by words, and whoever is chosen is told.
const ICONS = "/studio/static/icons.svg#";
const MOST = 50; // drawn at once
const MANY = 8; // more than these are looked through by words

export default {
  props: { cast: String }, // where who can be named is read: a list of [handle, name, src]
  emits: ["chosen"],
  template: `
    <details ref="menu" class="menu" @toggle="toggled" @keydown.esc="shut" @focusout="left">
      <summary ref="head" class="button low">
        <svg class="icon" aria-hidden="true" focusable="false"><use href="${ICONS}users"></use></svg>
        <span>Characters</span>
        <svg class="icon" aria-hidden="true" focusable="false"><use href="${ICONS}chevron-down"></use></svg>
      </summary>
      <div v-if="open" class="menu-list">
        <input v-if="all.length > ${MANY}" ref="words" v-model="words" class="input menu-search" type="search"
          placeholder="Name or handle" aria-label="Find a character" autocomplete="off" @keydown.enter.prevent="first">
        <ul aria-label="Characters">
          <li v-for="one in shown" :key="one.handle">
            <button type="button" class="menu-item" @click="choose(one)">
              <img :src="one.src" alt="" loading="lazy"><span class="grow one-line">{{ one.name }}</span>
              <span class="muted small">@{{ one.handle }}</span>
            </button>
          </li>
        </ul>
        <p v-if="told" class="menu-told muted small" role="status">{{ told }}</p>
        <a class="menu-item" href="/characters/new">
          <svg class="icon" aria-hidden="true" focusable="false"><use href="${ICONS}plus"></use></svg><span>Cast somebody new</span>
        </a>
      </div>
    </details>`,
  data() {
    return { open: false, words: "", all: [] };
  },
  watch: {
    cast: {
      immediate: true,
      async handler(url) {
        const answer = url && (await fetch(url).catch(() => null)); // kept by the browser: its address changes with the cast
        if (!answer || !answer.ok) return;
        const found = (await answer.json()).map(([handle, name, src]) => ({ handle, name, src }));
        if (url === this.cast) this.all = Object.freeze(found);
      },
    },
  },
  computed: {
    found() {
      const wanted = this.words.toLowerCase().replaceAll("@", " ").split(/\s+/).filter(Boolean);
      const read = (one) => (one.name + " " + one.handle).toLowerCase();
      return this.all.filter((one) => wanted.every((word) => read(one).includes(word)));
    },
    shown() {
      return this.found.slice(0, MOST);
    },
    told() {
      const rest = this.found.length - this.shown.length;
      if (rest) return rest.toLocaleString("en") + " more: type to find them";
      return this.found.length || !this.words.trim() ? "" : "Nobody is found so.";
    },
  },
  methods: {
    toggled() {
      this.open = this.$refs.menu.open;
      this.words = "";
      if (this.open) this.$nextTick(() => this.$refs.words?.focus());
    },
    shut(event) {
      if (!this.open) return;
      event.stopPropagation();
      this.$refs.menu.open = false;
      this.$refs.head.focus();
    },
    left(event) {
      if (event.relatedTarget && !this.$refs.menu.contains(event.relatedTarget)) this.$refs.menu.open = false;
    },
    first() {
      if (this.shown.length) this.choose(this.shown[0]);
    },
    choose(one) {
      this.$refs.menu.open = false;
      this.$emit("chosen", one.handle);
    },
  },
};
