// A line of text to be taken elsewhere: a command for a terminal, or a prompt. Where a browser gives no clipboard (any
// address that is not this machine's, without TLS), the line is selected and copied the older way.
export default {
  props: {
    text: String,
    what: { type: String, default: "the command" }, // what is copied, for those who do not see it
    plain: Boolean, // words, not a command
  },
  template: `
    <div class="command" :class="{ plain }">
      <component :is="plain ? 'p' : 'code'" ref="line" class="command-line">{{ text }}</component>
      <button type="button" class="button quiet low bare" :title="'Copy ' + what" @click="copy">
        <svg class="icon" aria-hidden="true" focusable="false"><use :href="'/studio/static/icons.svg#' + (copied ? 'check' : 'copy')"></use></svg>
        <span class="sr">Copy {{ what }}</span>
      </button>
      <span class="sr" aria-live="polite">{{ copied ? "Copied" : "" }}</span>
    </div>`,
  data() {
    return { copied: false };
  },
  unmounted() {
    clearTimeout(this.waits);
  },
  methods: {
    async copy() {
      this.copied = (await this.toClipboard()) || this.bySelecting();
      clearTimeout(this.waits);
      this.waits = setTimeout(() => (this.copied = false), 2000);
    },
    async toClipboard() {
      try {
        await navigator.clipboard.writeText(this.text);
        return true;
      } catch {
        return false;
      }
    },
    bySelecting() {
      const range = document.createRange();
      range.selectNodeContents(this.$refs.line);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      return document.execCommand("copy");
    },
  },
};
