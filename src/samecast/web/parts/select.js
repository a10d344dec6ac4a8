// One of a list, as the browser draws it. It is one element for the server, however long the list is.
export default {
  props: {
    value: String, // what is chosen at first
    options: Array, // [[value, what is shown], ...]
  },
  emits: ["chosen"],
  template: `
    <select :value="now" @change="choose">
      <option v-for="[key, shown] in options" :key="key" :value="key" :selected="key === now">{{ shown }}</option>
    </select>`,
  data() {
    return { now: this.value };
  },
  methods: {
    choose(event) {
      this.now = event.target.value;
      this.$emit("chosen", this.now);
    },
    put(value) {
      // Called by the server: something else is chosen now.
      this.now = value;
    },
  },
};
