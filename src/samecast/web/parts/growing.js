// What stands below a list that goes on: it asks for more when it comes near the window, or is pressed.
export default {
  props: { told: Number }, // how often more was added
  emits: ["more"],
  template: `<button type="button" class="button quiet" @click="$emit('more')"><span>More</span></button>`,
  watch: {
    told: { handler: "look", flush: "post" },
  },
  mounted() {
    this.look();
  },
  beforeUnmount() {
    this.looking?.disconnect();
  },
  methods: {
    look() {
      this.looking?.disconnect();
      this.looking = new IntersectionObserver(this.seen, { rootMargin: "0px 0px 600px 0px" });
      this.looking.observe(this.$el);
    },
    seen(entries) {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.looking.disconnect(); // until there is more
      this.$emit("more");
    },
  },
};
