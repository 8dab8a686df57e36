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

  // The whole page takes what is dropped on it while songs can be chosen: Listen one, Many songs all.
  const isFile = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  const inSight = (id) => Boolean(document.querySelector(id)?.offsetParent);
  const place = () => (inSight("#listen") ? "#clip" : inSight("#many-files") ? "#many-files" : null);
  const page = document.documentElement;
  let leaving = 0;
  document.addEventListener("dragover", (event) => {
    if (!isFile(event) || !place()) return;
    event.preventDefault();
    page.classList.add("gg-dragging");
    clearTimeout(leaving);
    leaving = setTimeout(() => page.classList.remove("gg-dragging"), 300);
  });

  // The files of a folder and of those in it, but for hidden ones.
  async function within(entry) {
    if (entry.name.startsWith(".")) return [];
    if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
    const reader = entry.createReader(), entries = [];
    const some = () => new Promise((done, failed) => reader.readEntries(done, failed));
    for (let more = await some(); more.length; more = await some()) entries.push(...more);
    return allOf(entries);
  }
  async function allOf(entries) {
    entries.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    return (await Promise.all(entries.map(within))).flat();
  }

  function choose(input, files) {
    if (!files.length) return;
    input.files = files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("drop", (event) => {
    const id = place(), input = id && document.querySelector(`${id} input[type=file]`);
    if (!input || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { files, items } = event.dataTransfer;
    // What was dropped can be asked for folders now, and no more when this has returned.
    const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (id === "#clip") choose(input, asAudio([files[0]]));
    else if (!entries.some((entry) => entry.isDirectory)) choose(input, files);
    else allOf(entries).then((found) => {
      const list = new DataTransfer();
      for (const file of found) list.items.add(file);
      choose(input, list.files);
    });
  }, true);
})();
