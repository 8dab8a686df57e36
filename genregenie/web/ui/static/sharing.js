// Menus of pictures to post. What opens a menu closes it, and so do Escape and a click elsewhere. A
// telephone hands a picture to its own ways of sharing, anything else saves it. Runs before the page
// is built.
(() => {
  const menuOf = (target) => target instanceof Element && target.closest(".gg-menu");
  const opener = (menu) => menu.querySelector("button");
  const isOpen = (menu) => opener(menu)?.classList.contains("open");
  const open = () => [...document.querySelectorAll(".gg-menu")].filter(isOpen);
  const wordsOf = (menu) => menu.querySelector(".gg-to-post")?.textContent ?? "";

  // Gradio's accordion does not say whether it is open.
  const tell = (menu) => opener(menu)?.setAttribute("aria-expanded", String(isOpen(menu)));
  document.addEventListener("focusin", ({ target }) => {
    const menu = menuOf(target);
    if (menu) tell(menu);
    for (const other of open()) if (other !== menu) toggle(other);
  });
  function toggle(menu) {
    opener(menu).click();
    setTimeout(tell, 0, menu);
  }

  document.addEventListener("pointerdown", ({ target }) => {
    for (const menu of open()) if (menu !== menuOf(target)) toggle(menu);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      if (menu.contains(document.activeElement)) opener(menu).focus();
      toggle(menu);
    }
  });

  async function copy(menu) {
    const said = menu.querySelector("[data-copied]");
    if (!said) return;
    try {
      await navigator.clipboard.writeText(wordsOf(menu));
      said.textContent = "Copied.";
    } catch { // closed inside some frames; a selection can be copied by hand
      getSelection().selectAllChildren(menu.querySelector(".gg-to-post"));
      said.textContent = "Selected. Press Ctrl+C to copy.";
    }
  }

  const canHand = () => matchMedia("(pointer: coarse)").matches
    && navigator.canShare?.({ files: [new File([""], "a.png", { type: "image/png" })] });
  async function hand({ href, download }, menu) {
    try {
      const picture = await (await fetch(href)).blob();
      const files = [new File([picture], download, { type: "image/png" })];
      const url = menu.querySelector(".share-link input")?.value;
      await navigator.share({ files, text: wordsOf(menu), ...(url && { url }) });
    } catch (error) {
      // Whoever it was may have thought better of it.
      if (error.name !== "AbortError") save(href, download);
    }
  }
  function save(href, download) {
    const link = Object.assign(document.createElement("a"), { href, download });
    document.body.append(link);
    link.click();
    link.remove();
  }

  let asked = null; // the menu in which a picture was asked for: Gradio then clicks a link of its own
  document.addEventListener("click", (event) => {
    const { target } = event, menu = menuOf(target);
    if (menu) {
      asked = target.closest(".gg-picture-to-post") && canHand() ? menu : null;
      if (target.closest(".gg-copy-words")) copy(menu);
      setTimeout(tell, 0, menu);
    } else if (asked && target instanceof Element && target.matches("a[download]")) {
      event.preventDefault();
      hand(target, asked);
      asked = null;
    }
  }, true);
})();
