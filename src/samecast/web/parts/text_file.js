// Where a small file of text comes in, dropped or chosen. It is read in the browser, and only what it says is sent.
export default {
  props: { label: String, hint: String, accept: String, most: Number }, // most: bytes
  emits: ["read"],
  template: `
    <div class="drop slim" :class="{ over }" @dragenter="dragged" @dragover="dragged" @dragleave="over = false" @drop="dropped">
      <input ref="file" class="sr" type="file" :accept="accept" tabindex="-1" aria-hidden="true" @change="chosen">
      <button type="button" class="drop-button" @click="$refs.file.click()">
        <svg class="icon" aria-hidden="true" focusable="false"><use href="/studio/static/icons.svg#upload"></use></svg>
        <span class="strong">{{ label }}</span>
        <span class="muted small">{{ hint }}</span>
      </button>
      <p v-if="wrong" class="wrong small" role="alert">{{ wrong }}</p>
    </div>`,
  data() {
    return { over: false, wrong: "" };
  },
  methods: {
    dragged(event) {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.over = true;
    },
    dropped(event) {
      this.over = false;
      event.preventDefault();
      this.take([...(event.dataTransfer?.files || [])]);
    },
    chosen(event) {
      const files = [...event.target.files];
      event.target.value = "";
      this.take(files);
    },
    async take(files) {
      if (!files.length) return;
      this.wrong = files.length > 1 ? "One file at a time." : files[0].size > this.most ? "That is too long for such a file." : "";
      if (this.wrong) return;
      try {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(await files[0].arrayBuffer());
        this.$emit("read", text);
      } catch {
        this.wrong = "That is no text in UTF-8.";
      }
    },
  },
};
