// A wall of portraits: who it is, how their reference was graded, and their tags.
const MOST_TAGS = 3;

export default {
  props: { cards: Array }, // [[handle, name, src, verdict, word, tags], ...]
  template: `
    <ul class="wall">
      <li v-for="one in all" :key="one.handle">
        <a class="portrait" :href="'/characters/' + one.handle">
          <div class="picture"><img :src="one.src" alt="" loading="lazy" decoding="async"></div>
          <div class="stack close">
            <div class="row tight stiff apart">
              <span class="strong one-line">{{ one.name }}</span>
              <span class="verdict" :class="one.verdict">{{ one.word }}</span>
            </div>
            <span class="muted small one-line">@{{ one.handle }}</span>
            <div v-if="one.tags.length" class="row tight">
              <span v-for="tag in one.tags.slice(0, most)" class="chip">{{ tag }}</span>
              <span v-if="one.tags.length > most" class="chip">+{{ one.tags.length - most }}</span>
            </div>
          </div>
        </a>
      </li>
    </ul>`,
  data() {
    return { most: MOST_TAGS };
  },
  computed: {
    all() {
      return (this.cards || []).map(([handle, name, src, verdict, word, tags]) => ({ handle, name, src, verdict, word, tags }));
    },
  },
};
