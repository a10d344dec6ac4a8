// What the report page does by itself: moving along timelines, choosing files, light and dark. Without it every figure,
// the worst stretch and the table of frames are there all the same.
"use strict";
(() => {
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- light and dark ---
  // A page opened from a folder may be denied its storage; the choice then lasts as long as the page.
  const kept = {
    read() { try { return localStorage.getItem("samecast-look"); } catch { return null; } },
    write(look) { try { look ? localStorage.setItem("samecast-look", look) : localStorage.removeItem("samecast-look"); } catch { /* denied */ } },
  };
  const looks = [["", "automatic"], ["light", "light"], ["dark", "dark"]];
  const button = find("#look");
  const wear = (look) => {
    const [key, name] = looks.find(([each]) => each === look) || looks[0];
    key ? root.setAttribute("data-look", key) : root.removeAttribute("data-look");
    button.textContent = `Colours: ${name}`;
    return key;
  };
  let look = wear(kept.read() || "");
  button.hidden = false;
  button.addEventListener("click", () => {
    look = wear(looks[(looks.findIndex(([each]) => each === look) + 1) % looks.length][0]);
    kept.write(look);
  });

  // --- pictures: each lies on the page once and is shown by its name ---
  const show = (svg, picture, label) => {
    svg.toggleAttribute("hidden", !picture.length);
    if (!picture.length) return;
    const [name, width, height] = picture;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.setAttribute("aria-label", label);
    find("use", svg).setAttribute("href", `#${name}`);
  };

  // --- timelines ---
  const timeline = (part) => {
    const told = JSON.parse(find(".scrub", part).textContent);
    const track = find(".track", part), stage = find(".stage", part), strip = find(".strip", part);
    const over = find(".over", part), playhead = find(".playhead", part);
    const frames = all("li", strip), lanes = all(".stage-lane", stage);
    const followed = lanes.map((lane) => told.lanes[lane.dataset.handle]);
    const unseen = { state: "unmeasured", told: "not judged in this frame", figure: "", head: "", usual: "", crop: [] };
    const last = told.x.length - 1;
    let now = -1, worst = 0;

    const spoken = (index) => followed.map((lane) => {
      const seen = lane.looks[index] ?? unseen;
      const name = followed.length > 1 ? `${lane.name}: ` : "";
      return [`${name}${seen.told}`, seen.figure, seen.head, seen.usual].filter(Boolean).join(", ");
    }).join("; ");

    const go = (to, { scroll = true } = {}) => {
      const index = Math.max(0, Math.min(last, to));
      if (index === now) return;
      if (now >= 0) frames[now].classList.remove("now");
      now = index;
      frames[now].classList.add("now");
      playhead.setAttribute("x1", `${told.x[now]}%`);
      playhead.setAttribute("x2", `${told.x[now]}%`);
      const count = `frame ${now + 1} of ${last + 1}`;
      show(find(".stage-frame svg", stage), told.whole[now], `The frame at ${told.time[now]}`);
      find(".stage-time", stage).textContent = told.time[now];
      find(".stage-count", stage).textContent = count;
      lanes.forEach((lane, at) => {
        const { name, looks: seen } = followed[at];
        const each = seen[now] ?? unseen;
        show(find(".stage-crop", lane), each.crop, `${name} at ${told.time[now]}: ${each.told}`);
        find(".stage-blank", lane).hidden = each.crop.length > 0;
        const words = find(".stage-told", lane);
        words.className = `stage-told state is-${each.state}`;
        words.textContent = each.figure ? `${each.told} (${each.figure})` : each.told;
        find(".stage-head", lane).textContent = each.head;
        find(".stage-usual", lane).textContent = each.usual;
      });
      track.setAttribute("aria-valuenow", now + 1);
      track.setAttribute("aria-valuetext", `${told.time[now]}, ${count}. ${spoken(now)}`);
      if (scroll) {
        const frame = frames[now];
        strip.scrollLeft = frame.offsetLeft - strip.offsetLeft - (strip.clientWidth - frame.clientWidth) / 2;
      }
    };

    const nearest = (event) => {
      const box = over.getBoundingClientRect();
      const x = 100 * (event.clientX - box.left) / box.width;
      return told.x.reduce((best, each, at) => Math.abs(each - x) < Math.abs(told.x[best] - x) ? at : best, 0);
    };
    const shot = (way) => way > 0
      ? told.shots.find((first) => first > now) ?? last
      : told.shots.findLast((first) => first < now) ?? 0;
    const toWorst = () => {
      if (!told.worst.length) return;
      if (told.worst[worst] === now) worst = (worst + 1) % told.worst.length;
      go(told.worst[worst]);
    };
    const keys = {
      ArrowLeft: () => go(now - 1), ArrowDown: () => go(now - 1), ArrowRight: () => go(now + 1), ArrowUp: () => go(now + 1),
      Home: () => go(0), End: () => go(last), PageUp: () => go(shot(-1)), PageDown: () => go(shot(1)), w: toWorst, W: toWorst,
    };

    track.setAttribute("role", "slider");
    track.setAttribute("aria-label", "Timeline of the judged frames");
    track.setAttribute("aria-valuemin", 1);
    track.setAttribute("aria-valuemax", last + 1);
    track.setAttribute("aria-describedby", find(".keys", part).id);
    track.setAttribute("aria-controls", stage.id);
    track.tabIndex = 0;
    track.addEventListener("pointermove", (event) => go(nearest(event)));
    track.addEventListener("pointerdown", (event) => go(nearest(event)));
    track.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    const frameOf = (event) => event.target.closest("li[data-frame]");
    for (const kind of ["pointerover", "click"]) {
      strip.addEventListener(kind, (event) => { const li = frameOf(event); if (li) go(Number(li.dataset.frame), { scroll: false }); });
    }
    find(".to-worst", part)?.addEventListener("click", toWorst);
    stage.hidden = false;
    find(".keys", part).hidden = false;
    go(told.start);
  };
  all(".timeline").forEach(timeline);

  // --- choosing among many files ---
  const entries = find("#entries");
  if (entries) {
    const rows = all("li", entries), files = all(".file"), said = find("#shown");
    const choices = all("[data-show]"), weakest = find("#weakest");
    find("#choices").hidden = false;
    const choose = (verdict) => {
      choices.forEach((each) => each.setAttribute("aria-pressed", each.dataset.show === verdict));
      for (const each of [...rows, ...files]) each.hidden = verdict !== "" && each.dataset.verdict !== verdict;
      const count = rows.filter((row) => !row.hidden).length;
      said.textContent = verdict ? `${count} of ${rows.length} files shown` : "";
    };
    choices.forEach((each) => each.addEventListener("click", () => choose(each.dataset.show)));
    weakest.addEventListener("click", () => {
      const ranked = weakest.getAttribute("aria-pressed") !== "true";
      weakest.setAttribute("aria-pressed", ranked);
      const key = ranked ? "rank" : "number";
      entries.append(...rows.toSorted((a, b) => a.dataset[key] - b.dataset[key]));
    });
    // "previous" and "next" lead to files that the choice may hide: show them all again.
    addEventListener("hashchange", () => { const aim = find(location.hash || "#top"); if (aim && aim.hidden) { choose(""); aim.scrollIntoView(); } });
  }

  // --- paper: everything folded is opened ---
  let opened = [];
  addEventListener("beforeprint", () => { opened = all("details:not([open])"); opened.forEach((each) => { each.open = true; }); });
  addEventListener("afterprint", () => { opened.forEach((each) => { each.open = false; }); opened = []; });
})();
