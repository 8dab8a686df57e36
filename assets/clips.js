// Clips of any kind may be dropped or chosen. Gradio refuses what a browser does not know to be
// audio (Monkey's Audio, Musepack, DSD, and films); here the server decides, and says why not.
(() => {
  const chooser = (node) => node instanceof Element && node.closest("#clip");
  const asAudio = (files) => {
    const list = new DataTransfer();
    for (const file of files) {
      const known = file.type.startsWith("audio/");
      list.items.add(known ? file : new File([file], file.name, { type: "audio/unknown" }));
    }
    return list.files;
  };

  document.addEventListener("click", ({ target }) => {
    if (chooser(target) && target.matches("input[type=file]")) target.accept = ACCEPTED;
  }, true);

  document.addEventListener("change", ({ target }) => {
    if (!chooser(target) || !target.matches("input[type=file]")) return;
    if ([...target.files].some((file) => !file.type.startsWith("audio/"))) {
      target.files = asAudio(target.files);
    }
  }, true);

  // The whole page takes what is dropped on it while a song can be chosen.
  const isFile = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  const listening = () => document.querySelector("#listen")?.offsetParent !== null;
  const page = document.documentElement;
  let leaving = 0;
  document.addEventListener("dragover", (event) => {
    if (!isFile(event) || !listening()) return;
    event.preventDefault();
    page.classList.add("gg-dragging");
    clearTimeout(leaving);
    leaving = setTimeout(() => page.classList.remove("gg-dragging"), 300);
  });

  document.addEventListener("drop", (event) => {
    const input = document.querySelector("#clip input[type=file]");
    if (!input || !listening() || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    input.files = asAudio([event.dataTransfer.files[0]]);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, true);
})();
