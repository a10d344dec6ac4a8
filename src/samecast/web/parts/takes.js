// Takes side by side: progress while they are made, then the pictures or clips with what was measured, in step.
// One clock for all clips: they play, stop and are scrubbed together, and each has its own drift below it.
const WIDTH = 1000, HEIGHT = 100;

function clock(seconds) {
  const whole = Math.max(0, seconds);
  return Math.floor(whole / 60) + ":" + String(Math.floor(whole % 60)).padStart(2, "0") + "." + Math.floor((whole % 1) * 10);
}

export default {
  props: {
    takes: Array, // as they are kept: see takes.py
    far: Array, // how far those are that are being made: [[id, step, share, preview], ...]
    chosen: String,
    ratio: Number, // width / height
    length: Number, // seconds; 0: stills
  },
  template: `
    <div class="film" @keydown="pressed" @pointerenter="wake" @focusin="wake">
      <ol class="takes-row" :style="{ '--ratio': ratio }">
        <li v-for="(take, index) in all" :key="take.id" class="take" :class="{ chosen: take.id === chosen, picked: take.picked }">
          <button type="button" class="take-face" :aria-pressed="take.id === chosen" @click="choose(take)"
            :aria-label="'Take ' + take.number + ': ' + take.words">
            <video v-if="take.clip" :ref="(video) => keep(index, video)" :src="take.clip" :poster="take.picture.replace('/1280.jpg', '/640.jpg')" muted playsinline
              :preload="awake ? 'auto' : 'none'" @loadedmetadata="loaded(index)" @timeupdate="index === lead && ticked()" @ended="index === lead && ended()"></video>
            <img v-else-if="take.picture" :src="take.picture" :srcset="sizes(take.picture)"
              sizes="auto, 22rem" loading="lazy" decoding="async" :alt="'Take ' + take.number">
            <img v-else-if="take.preview" class="preview" :src="take.preview" alt="">
            <span v-else class="take-blank"></span>
            <span class="take-number number">{{ take.number }}</span>
            <span v-if="take.picked" class="take-picked">Picked</span>
            <span v-if="take.state === 'running' || take.state === 'waiting'" class="take-doing">
              <span class="row apart small"><span>{{ take.step }}</span><span class="number">{{ take.state === 'running' ? Math.round(100 * take.share) + ' %' : '' }}</span></span>
              <span class="bar" role="progressbar" :aria-label="'Take ' + take.number" aria-valuemin="0" aria-valuemax="100" :aria-valuenow="Math.round(100 * take.share)"><span :style="{ width: 100 * take.share + '%' }"></span></span>
            </span>
          </button>
          <div v-if="take.lanes.length && length" class="lanes">
            <div v-for="lane in take.lanes" :key="lane.handle" class="lane">
              <span v-if="take.lanes.length > 1" class="lane-name tiny muted">@{{ lane.handle }}</span>
              <svg class="drift" :viewBox="'0 0 ${WIDTH} ${HEIGHT}'" preserveAspectRatio="none" role="img" :aria-label="lane.told"
                @pointerdown="grab($event)" @pointermove="drag($event)">
                <line class="drift-limit" x1="0" :x2="${WIDTH}" y1="${HEIGHT / 2}" y2="${HEIGHT / 2}" vector-effect="non-scaling-stroke"></line>
                <rect v-if="lane.worst" class="drift-worst" :x="x(lane.worst[0])" :width="Math.max(6, x(lane.worst[1]) - x(lane.worst[0]))" y="0" height="${HEIGHT}"></rect>
                <path v-for="(path, n) in lines(lane)" :key="n" class="drift-line" :class="lane.verdict" :d="path" vector-effect="non-scaling-stroke"></path>
                <rect v-for="(gap, n) in gaps(lane)" :key="'g' + n" class="drift-gap" :x="gap[0]" :width="gap[1]" y="${HEIGHT - 10}" height="10"></rect>
                <line class="drift-now" :x1="x(now)" :x2="x(now)" y1="0" y2="${HEIGHT}" vector-effect="non-scaling-stroke"></line>
              </svg>
            </div>
          </div>
          <div class="take-said">
            <span class="verdict" :class="take.verdict || take.state">{{ take.words }}</span>
            <span v-if="take.more" class="muted small">{{ take.more }}</span>
          </div>
        </li>
      </ol>
      <div v-if="length && clips" class="transport row stiff">
        <button type="button" class="button low bare" :aria-label="playing ? 'Stop all' : 'Play all in step'" @click="toggle">
          <svg class="icon" aria-hidden="true"><use :href="'/studio/static/icons.svg#' + (playing ? 'pause' : 'play')"></use></svg>
        </button>
        <input class="scrub grow" type="range" min="0" :max="length" step="0.01" :value="now" aria-label="Moment of all takes"
          :aria-valuetext="told(now)" @input="seek(Number($event.target.value))">
        <span class="number small muted">{{ told(now) }} / {{ told(length) }}</span>
      </div>
    </div>`,
  data() {
    return { now: 0, playing: false, lead: 0, awake: false };
  },
  computed: {
    all() {
      const far = new Map((this.far || []).map((one) => [one[0], one]));
      return (this.takes || []).map((take) => {
        const now = take.state === "waiting" && far.get(take.id);
        if (!now) return { ...take, step: "Waits", share: 0 };
        const [, step, share, preview] = now;
        return { ...take, state: "running", words: "Is being made", step, share, preview };
      });
    },
    clips() {
      return this.all.some((take) => take.clip);
    },
  },
  created() {
    this.videos = [];
  },
  beforeUnmount() {
    clearTimeout(this.stands);
    for (const video of this.ready()) video.pause();
    cancelAnimationFrame(this.frame);
  },
  methods: {
    told: clock,
    sizes(picture) {
      // As much of a picture as its place in the row can show.
      return [320, 640, 1280].map((side) => picture.replace("/1280.jpg", `/${side}.jpg`) + " " + Math.round(side * Math.min(1, this.ratio)) + "w").join();
    },
    wake() {
      // Until somebody comes near, a clip's picture is enough.
      this.awake = true;
    },
    keep(index, video) {
      this.videos[index] = video;
    },
    ready() {
      return this.videos.filter((video) => video && video.readyState > 0);
    },
    loaded(index) {
      this.videos[index].currentTime = this.now;
      this.lead = this.videos.findIndex((video) => video && video.readyState > 0);
    },
    x(seconds) {
      return this.length ? Math.min(WIDTH, (WIDTH * seconds) / this.length) : 0;
    },
    lines(lane) {
      // One line for each uncut stretch that could be measured; where nothing could, there is no line.
      const lines = [];
      let line = "", last = null;
      for (const [seconds, likeness, shot] of lane.moments) {
        if (likeness === null || (last !== null && shot !== last)) { if (line) lines.push(line); line = ""; }
        if (likeness !== null) line += (line ? "L" : "M") + this.x(seconds).toFixed(1) + " " + (HEIGHT * (1 - 0.92 * likeness) - 4).toFixed(1);
        last = shot;
      }
      if (line) lines.push(line);
      return lines;
    },
    gaps(lane) {
      const step = lane.moments.length > 1 ? lane.moments[1][0] - lane.moments[0][0] : 0.1;
      return lane.moments.filter((moment) => moment[1] === null).map((moment) => [this.x(moment[0]), Math.max(4, this.x(step))]);
    },
    choose(take) {
      this.$emit("chosen", take.id);
    },
    toggle() {
      this.playing ? this.stop() : this.play();
    },
    async play() {
      if (this.now >= this.length - 0.05) this.seek(0);
      this.wake();
      this.playing = true;
      await Promise.allSettled(this.videos.filter(Boolean).map((video) => video.play()));
      this.follow();
    },
    follow() {
      if (!this.playing) return;
      const lead = this.videos[this.lead];
      if (lead) {
        this.now = lead.currentTime;
        for (const video of this.ready()) if (Math.abs(video.currentTime - this.now) > 0.08) video.currentTime = this.now;
      }
      this.frame = requestAnimationFrame(this.follow);
    },
    stop() {
      this.playing = false;
      for (const video of this.ready()) video.pause();
      this.$emit("moment", this.now);
    },
    ticked() {
      if (!this.playing) this.now = this.videos[this.lead].currentTime;
    },
    ended() {
      this.stop();
      this.now = this.length;
    },
    seek(seconds) {
      this.wake();
      this.now = Math.max(0, Math.min(this.length, seconds));
      for (const video of this.ready()) video.currentTime = Math.min(this.now, Math.max(0, video.duration - 0.01));
      clearTimeout(this.stands);
      this.stands = setTimeout(() => this.$emit("moment", this.now), 200);
    },
    grab(event) {
      event.currentTarget.setPointerCapture(event.pointerId);
      this.stop();
      this.drag(event, true);
    },
    drag(event, first) {
      if (!first && !(event.buttons & 1)) return;
      const spot = event.currentTarget.getBoundingClientRect();
      this.seek((this.length * (event.clientX - spot.left)) / spot.width);
    },
    pressed(event) {
      if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
      const step = event.shiftKey ? 1 : 1 / 24;
      const number = Number(event.key);
      if (event.key === " " && this.length && event.target.classList.contains("take-face")) this.toggle();
      else if (event.key === "ArrowRight" && this.length) { this.stop(); this.seek(this.now + step); }
      else if (event.key === "ArrowLeft" && this.length) { this.stop(); this.seek(this.now - step); }
      else if (number >= 1 && number <= this.all.length) this.choose(this.all[number - 1]);
      else if (event.key.toLowerCase() === "p") this.$emit("picked", this.chosen);
      else return;
      event.preventDefault();
    },
  },
};
