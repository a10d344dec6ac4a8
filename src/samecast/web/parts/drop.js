// Where pictures come in: dropped, pasted, or chosen as files. Each goes as it is, by itself, to the studio; what came
// of it is told once all of them are there. Inside a dialog, the whole dialog takes drops and Ctrl+V.
const UPLOAD = "/studio/upload";

export default {
  props: {
    label: String,
    hint: String,
    most: { type: Number, default: 16 }, // how many at once
    slim: Boolean,
  },
  emits: ["received", "begun"],
  template: `
    <div class="drop" :class="{ over, slim }">
      <input ref="file" class="sr" type="file" accept="image/*" :multiple="most > 1" tabindex="-1" aria-hidden="true"
        @change="chosen">
      <button ref="button" type="button" class="drop-button" :disabled="busy" @click="$refs.file.click()">
        <svg class="icon" :class="{ large: !slim }" aria-hidden="true" focusable="false"><use href="/studio/static/icons.svg#upload"></use></svg>
        <span class="strong">{{ busy ? progress : label }}</span>
        <span v-if="hint && !busy" class="muted small">{{ hint }}</span>
      </button>
      <div v-if="busy" class="bar" role="progressbar" aria-label="Pictures coming in" :aria-valuenow="percent"
        aria-valuemin="0" aria-valuemax="100"><span :style="{ width: percent + '%' }"></span></div>
      <ul v-if="wrong.length" class="drop-wrong" role="alert">
        <li v-for="one in wrong">
          <svg class="icon" aria-hidden="true" focusable="false"><use href="/studio/static/icons.svg#triangle-alert"></use></svg>
          <span><span class="strong">{{ one.file }}</span> {{ one.error }} <span class="muted">{{ one.hint }}</span></span>
        </li>
      </ul>
      <span class="sr" aria-live="polite">{{ busy ? progress : "" }}</span>
    </div>`,
  data() {
    return { over: false, busy: false, percent: 0, progress: "", wrong: [] };
  },
  mounted() {
    // For the dialog, which looks for it as it opens; set any earlier, the document itself would try to follow it.
    if (!this.slim) this.$refs.button.setAttribute("autofocus", "");
    window.Quasar?.LoadingBar?.setDefaults({ hijackFilter: () => false }); // progress is shown here, not at the window's edge
    this.host = this.$el.closest("dialog") || this.$el.closest("main") || document.body;
    this.heard = {
      paste: this.pasted,
      dragenter: this.dragged,
      dragover: this.dragged,
      dragleave: this.left,
      drop: this.dropped,
    };
    for (const [name, does] of Object.entries(this.heard)) {
      (name === "paste" ? document : this.host).addEventListener(name, does);
    }
  },
  unmounted() {
    for (const [name, does] of Object.entries(this.heard)) {
      (name === "paste" ? document : this.host).removeEventListener(name, does);
    }
  },
  methods: {
    foremost() {
      const open = [...document.querySelectorAll("dialog[open]")];
      return !open.length || open[open.length - 1].contains(this.$el);
    },
    pasted(event) {
      const files = [...(event.clipboardData?.files || [])];
      if (!files.length || !this.foremost()) return; // words are pasted into fields as ever
      event.preventDefault();
      this.take(files);
    },
    dragged(event) {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.over = true;
    },
    left(event) {
      if (!event.relatedTarget || !this.host.contains(event.relatedTarget)) this.over = false;
    },
    dropped(event) {
      this.over = false;
      const files = [...(event.dataTransfer?.files || [])];
      if (!files.length) return;
      event.preventDefault();
      this.take(files);
    },
    chosen(event) {
      const files = [...event.target.files];
      event.target.value = "";
      this.take(files);
    },
    async take(files) {
      if (this.busy || !files.length) return;
      this.wrong = [];
      const taken = files.slice(0, this.most);
      if (files.length > taken.length) {
        const left = files.length - taken.length;
        this.wrong.push({ file: `${left} more`, error: "were left out.", hint: `${this.most} at once is the most.` });
      }
      this.busy = true;
      this.$emit("begun", taken.length);
      const names = [];
      try {
        for (const [index, file] of taken.entries()) {
          this.progress = taken.length > 1 ? `Picture ${index + 1} of ${taken.length} comes in` : "The picture comes in";
          this.percent = Math.round((100 * index) / taken.length);
          const came = await this.send(file, (share) => {
            this.percent = Math.round((100 * (index + share)) / taken.length);
          });
          if (came.name) names.push(came.name);
          else this.wrong.push({ file: (file.name || "The picture").slice(0, 80), error: came.error, hint: came.hint || "" });
        }
      } finally {
        this.busy = false;
      }
      this.$emit("received", names);
    },
    send(file, watch) {
      // fetch tells nothing of how much was sent, so this is the older way
      return new Promise((resolve) => {
        const request = new XMLHttpRequest();
        const failed = { error: "did not arrive.", hint: "Is the studio still running? Try once more." };
        request.open("POST", UPLOAD);
        request.setRequestHeader("content-type", "application/octet-stream");
        request.upload.onprogress = (event) => event.lengthComputable && watch(event.loaded / event.total);
        request.onerror = request.onabort = () => resolve(failed);
        request.onload = () => {
          try {
            const said = JSON.parse(request.responseText);
            resolve(said.name || said.error ? said : failed);
          } catch {
            const plain = (request.getResponseHeader("content-type") || "").startsWith("text/plain");
            const between = { error: "did not arrive.", hint: `A server in front of the studio said ${request.status}.` };
            resolve(plain && request.responseText ? { error: request.responseText.slice(0, 200), hint: "" } : between);
          }
        };
        request.send(file);
      });
    },
    choose() {
      this.$refs.file.click();
    },
  },
};
