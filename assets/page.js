// A cursor in the timeline that goes along with the player, and the theme as it was left.
() => {
  setInterval(() => {
    for (const [clip, plot] of [["#clip", "#timeline"], ["#past-clip", "#past-timeline"]]) {
      const timeline = document.querySelector(`${plot} .gg-timeline`);
      if (!timeline) continue;
      const now = document.querySelector(`${clip} audio`)?.currentTime ?? 0;
      const at = Math.min(now, Number(timeline.dataset.duration));
      const cursor = timeline.querySelector(".cursor");
      cursor.setAttribute("visibility", now > 0 ? "visible" : "hidden");
      cursor.setAttribute("x1", at);
      cursor.setAttribute("x2", at);
    }
  }, 250);

  const wanted = localStorage.getItem("genregenie-theme");
  if (wanted) document.body.classList.toggle("dark", wanted === "dark");
}
