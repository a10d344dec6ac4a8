// Two takes to be compared: beside each other, or one over the other with a line between them that is drawn across.
// Clips play, stop and are scrubbed together, by one clock.
const ICON = "/studio/static/icons.svg#";

export default {
  props: {
    sides: Array, // see compare.py: two of them
    ratio: Number, // width / height of the first
    length: Number, // seconds of the longer one; 0: stills
  },
  template: `
    <div class="compare">
      <div v-if="alike" class="row tight" role="group" aria-label="How to compare">
        <button v-for="one in ways" :key="one.way" type="button" class="button low" :aria-pressed="way === one.way" @click="way = one.way">
          <svg class="icon" aria-hidden="true" focusable="false"><use :href="'${ICON}' + one.drawn"></use></svg><span>{{ one.text }}</span>
        </button>
      </div>
      <div class="compare-stage" :class="way" ref="stage" :style="{ '--ratio': ratio, '--at': at + '%' }"
        @pointerdown="grab" @pointermove="drag">
        <figure v-for="(side, index) in sides" :key="side.id" class="compare-side" :style="{ '--own': side.ratio }">
          <video v-if="side.clip" :ref="(video) => keep(index, video)" :src="side.clip" :poster="side.picture" muted playsinline preload="auto"
            :aria-label="side.title" @loadedmetadata="seek(now)" @timeupdate="ticked(index)" @ended="ended(index)"></video>
          <img v-else-if="side.picture" :src="side.picture" :alt="side.title" decoding="async" draggable="false">
          <figcaption class="compare-name tiny strong">{{ index ? "B" : "A" }}</figcaption>
        </figure>
        <span v-if="way === 'over'" class="compare-line" aria-hidden="true"></span>
      </div>
      <label v-if="way === 'over'" class="row stiff small">
        <span class="muted">A</span>
        <input class="scrub grow" type="range" min="0" max="100" step="1" v-model.number="at" aria-label="Where A ends and B begins"
          :aria-valuetext="Math.round(at) + ' % A'">
        <span class="muted">B</span>
      </label>
      <div v-if="length" class="transport row stiff">
        <button type="button" class="button low bare" :aria-label="playing ? 'Stop both' : 'Play both in step'" @click="playing ? stop() : play()">
          <svg class="icon" aria-hidden="true" focusable="false"><use :href="'${ICON}' + (playing ? 'pause' : 'play')"></use></svg>
        </button>
        <input class="scrub grow" type="range" min="0" :max="length" step="0.01" :value="now" aria-label="Moment of both"
          :aria-valuetext="now.toFixed(1) + ' s'" @input="stop(), seek(Number($event.target.value))">
        <span class="number small muted">{{ now.toFixed(1) }} / {{ length.toFixed(1) }} s</span>
      </div>
    </div>`,
  data() {
    return { way: "beside", at: 50, now: 0, playing: false };
  },
  computed: {
    alike() {
      return this.sides.length === 2 && Boolean(this.sides[0].clip) === Boolean(this.sides[1].clip);
    },
    ways() {
      return [
        { way: "beside", text: "Side by side", drawn: "columns-2" },
        { way: "over", text: "One over the other", drawn: "layers" },
      ];
    },
  },
  created() {
    this.videos = [];
  },
  beforeUnmount() {
    this.stop();
  },
  methods: {
    keep(index, video) {
      this.videos[index] = video;
    },
    clips() {
      return this.videos.filter((video) => video && video.readyState > 0);
    },
    lead() {
      return this.clips().reduce((longest, video) => (!longest || video.duration > longest.duration ? video : longest), null);
    },
    grab(event) {
      if (this.way !== "over") return;
      event.currentTarget.setPointerCapture(event.pointerId);
      this.drag(event, true);
    },
    drag(event, first) {
      if (this.way !== "over" || (!first && !(event.buttons & 1))) return;
      const spot = event.currentTarget.getBoundingClientRect();
      this.at = Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - spot.left)) / spot.width)));
    },
    async play() {
      if (this.now >= this.length - 0.05) this.seek(0);
      this.playing = true;
      await Promise.allSettled(this.clips().map((video) => video.play()));
      this.follow();
    },
    follow() {
      if (!this.playing) return;
      const lead = this.lead();
      if (lead) {
        this.now = lead.currentTime;
        for (const video of this.clips()) {
          const there = Math.min(this.now, video.duration);
          if (Math.abs(video.currentTime - there) > 0.08) video.currentTime = there;
        }
      }
      this.frame = requestAnimationFrame(this.follow);
    },
    stop() {
      this.playing = false;
      cancelAnimationFrame(this.frame);
      for (const video of this.clips()) video.pause();
    },
    ticked(index) {
      if (!this.playing && this.videos[index] === this.lead()) this.now = this.videos[index].currentTime;
    },
    ended(index) {
      if (this.videos[index] !== this.lead()) return;
      this.stop();
      this.now = this.length;
    },
    seek(seconds) {
      this.now = Math.max(0, Math.min(this.length, seconds));
      for (const video of this.clips()) video.currentTime = Math.min(this.now, Math.max(0, video.duration - 0.01));
    },
  },
};
