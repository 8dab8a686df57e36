"use strict";
// The map of a library and its table. All text comes in as text. Where a server stands behind the
// page, `server` tells what may be asked of it; else nothing is asked of anybody.
const data = JSON.parse(document.getElementById("data").textContent);
const server = JSON.parse(document.getElementById("server")?.textContent ?? "null");
const { songs, genres, words, ground } = data;
const count = songs.title.length;
const by = (id) => document.getElementById(id);
const canvas = by("map"), paper = canvas.getContext("2d"), tip = by("tip");
const MARGIN = 0.05, NEAR = 14, CELLS = 100, PAGE = 50, MAX_ZOOM = 60;

const view = { zoom: 1, left: 0, top: 0, width: 1, height: 1 };
const chosen = new Set();
let shown = new Uint8Array(count).fill(1);
let listed = [], page = 0, sort = { by: null, sign: 1 };
let mode = "move", told = -1, picked = -1, drawn = null, frame = 0;

// --- where things are --------------------------------------------------------------------------

const across = (x) => view.left + view.zoom * view.width * (MARGIN + (1 - 2 * MARGIN) * x);
const down = (y) => view.top + view.zoom * view.height * (MARGIN + (1 - 2 * MARGIN) * y);
const backX = (px) => ((px - view.left) / (view.zoom * view.width) - MARGIN) / (1 - 2 * MARGIN);
const backY = (py) => ((py - view.top) / (view.zoom * view.height) - MARGIN) / (1 - 2 * MARGIN);

const cells = new Map();
const cellOf = (x, y) => Math.floor(x * CELLS) * 1000 + Math.floor(y * CELLS);
for (let i = 0; i < count; i++) {
  const cell = cellOf(songs.x[i], songs.y[i]);
  cells.has(cell) ? cells.get(cell).push(i) : cells.set(cell, [i]);
}

function nearest(px, py) {
  let best = -1, least = NEAR * NEAR;
  const fromX = Math.floor(backX(px - NEAR) * CELLS), toX = Math.floor(backX(px + NEAR) * CELLS);
  const fromY = Math.floor(backY(py - NEAR) * CELLS), toY = Math.floor(backY(py + NEAR) * CELLS);
  for (let cx = fromX; cx <= toX; cx++) {
    for (let cy = fromY; cy <= toY; cy++) {
      for (const i of cells.get(cx * 1000 + cy) ?? []) {
        const away = (across(songs.x[i]) - px) ** 2 + (down(songs.y[i]) - py) ** 2;
        if (shown[i] && away < least) [best, least] = [i, away];
      }
    }
  }
  return best;
}

// --- drawing -----------------------------------------------------------------------------------
// Dots are blended into the picture here: a canvas that is not drawn by a graphics card takes ten
// times as long for as many. The picture is wider than the sheet, so that no dot has to be cut.

const FAINT = 56, GROUND = 80, SOLID = 256;  // of 256
let ink, sheet, stamps = [], groundStamps = [], picture, pixels, pad = 0;

const radius = () => Math.min((count > 5000 ? 2.4 : count > 500 ? 3.4 : 5) * Math.sqrt(view.zoom), 8);

// What a dot is made of: how far from its middle each pixel lies in the picture, and its colour.
function stampOf(r, paint) {
  const size = 2 * Math.ceil(1.35 * r * devicePixelRatio + 2) + 1, middle = size >> 1;
  const pen = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true });
  pen.translate(size / 2, size / 2);
  pen.scale(devicePixelRatio, devicePixelRatio);
  paint(pen, r);
  const seen = pen.getImageData(0, 0, size, size).data, parts = [];
  for (let i = 0; i < size * size; i++) {
    if (!seen[4 * i + 3]) continue;
    const away = (Math.floor(i / size) - middle) * picture.width + (i % size) - middle;
    parts.push(away, seen[4 * i], seen[4 * i + 1], seen[4 * i + 2], seen[4 * i + 3]);
  }
  return Int32Array.from(parts);
}

const disc = (colour) => (pen, r) => {
  pen.arc(0, 0, r, 0, 7);
  pen.fillStyle = colour;
  pen.fill();
};
const dot = (colour, isSure) => (pen, r) => {
  if (isSure) pen.arc(0, 0, r, 0, 7);
  else [[0, -r], [r, 0], [0, r], [-r, 0]].forEach(([x, y]) => pen.lineTo(x * 1.15, y * 1.15));
  pen.closePath();
  pen.fillStyle = isSure ? colour : sheet;
  pen.fill();
  pen.lineWidth = isSure ? 0.8 : Math.max(1.2, r / 3);
  pen.strokeStyle = isSure ? sheet : colour;
  pen.stroke();
};

function makeStamps() {
  const style = getComputedStyle(document.documentElement), r = radius();
  ink = style.getPropertyValue("--ink").trim();
  sheet = style.getPropertyValue("--sheet").trim();
  const low = 1.6 * Math.min(Math.sqrt(view.zoom), 3);
  stamps = genres.map(({ colour }) => [stampOf(r, dot(colour, false)), stampOf(r, dot(colour, true))]);
  groundStamps = genres.map(({ colour }) => stampOf(low, disc(colour)));
}

function stamp(parts, x, y, share) {
  const px = Math.round(across(x) * devicePixelRatio), py = Math.round(down(y) * devicePixelRatio);
  const reach = pad / 2;
  if (px < -reach || py < -reach || px > canvas.width + reach || py > canvas.height + reach) return;
  const middle = (py + pad) * picture.width + px + pad;
  for (let k = 0; k < parts.length; k += 5) {
    const at = middle + parts[k], under = pixels[at], weight = (parts[k + 4] * share + 255) >> 8;
    const red = under & 255, green = (under >> 8) & 255, blue = (under >> 16) & 255;
    pixels[at] = 0xff000000 | (red + (((parts[k + 1] - red) * weight) >> 8))
      | ((green + (((parts[k + 2] - green) * weight) >> 8)) << 8)
      | ((blue + (((parts[k + 3] - blue) * weight) >> 8)) << 16);
  }
}

function drawDots() {
  pixels.fill(0xff000000 | parseInt(sheet.slice(5) + sheet.slice(3, 5) + sheet.slice(1, 3), 16));
  ground.genre.forEach((genre, i) => stamp(groundStamps[genre], ground.x[i], ground.y[i], GROUND));
  const { x, y, genre, sure } = songs;
  const share = chosen.size ? FAINT : SOLID;
  for (let i = 0; i < count; i++) {
    if (shown[i] && !chosen.has(i)) stamp(stamps[genre[i]][sure[i]], x[i], y[i], share);
  }
  for (const i of chosen) if (shown[i]) stamp(stamps[genre[i]][sure[i]], x[i], y[i], SOLID);
  paper.putImageData(picture, -pad, -pad);
}

// From the top down; what stands in the way of another goes below it.
function drawNames() {
  paper.font = "600 14px system-ui, sans-serif";
  paper.textAlign = "center";
  paper.textBaseline = "middle";
  paper.lineWidth = 4;
  paper.lineJoin = "round";
  const stand = [];
  const names = data.names.map(([genre, x, y]) => [genres[genre].name, across(x), down(y)]);
  for (const [name, px, top] of names.sort((a, b) => a[2] - b[2])) {
    const half = paper.measureText(name).width / 2 + 3;
    let py = top;
    for (const other of stand) {
      if (Math.abs(other.px - px) < other.half + half && Math.abs(other.py - py) < 19) py = other.py + 19;
    }
    stand.push({ px, py, half });
    const inside = Math.min(Math.max(px, half), view.width - half);
    if (py < -20 || py > view.height + 20 || px < -half || px > view.width + half) continue;
    paper.strokeStyle = sheet;
    paper.strokeText(name, inside, py);
    paper.fillStyle = ink;
    paper.fillText(name, inside, py);
  }
}

function draw() {
  frame = 0;
  paper.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  drawDots();
  drawNames();
  for (const i of new Set([told, picked])) {
    if (i < 0 || !shown[i]) continue;
    paper.beginPath();
    paper.arc(across(songs.x[i]), down(songs.y[i]), radius() + 4, 0, 7);
    paper.lineWidth = 2.5;
    paper.strokeStyle = ink;
    paper.stroke();
  }
  if (drawn) {
    paper.beginPath();
    drawn.forEach(([px, py]) => paper.lineTo(px, py));
    paper.closePath();
    paper.globalAlpha = 0.12;
    paper.fillStyle = ink;
    paper.fill();
    paper.globalAlpha = 1;
    paper.lineWidth = 1.5;
    paper.strokeStyle = ink;
    paper.setLineDash([5, 4]);
    paper.stroke();
    paper.setLineDash([]);
  }
  placeTip();
}

function redraw() {
  if (!frame) frame = requestAnimationFrame(draw);
}

function resize() {
  const box = canvas.getBoundingClientRect();
  view.left *= box.width / view.width;
  view.top *= box.height / view.height;
  [view.width, view.height] = [box.width, box.height];
  canvas.width = Math.round(box.width * devicePixelRatio);
  canvas.height = Math.round(box.height * devicePixelRatio);
  pad = 2 * Math.ceil(14 * devicePixelRatio);
  picture = new ImageData(canvas.width + 2 * pad, canvas.height + 2 * pad);
  pixels = new Int32Array(picture.data.buffer);
  makeStamps();
  redraw();
}

// --- moving about ------------------------------------------------------------------------------

function zoomAt(factor, px, py) {
  const zoom = Math.min(Math.max(view.zoom * factor, 1), MAX_ZOOM), real = zoom / view.zoom;
  view.left = px - (px - view.left) * real;
  view.top = py - (py - view.top) * real;
  view.zoom = zoom;
  moveBy(0, 0);
  makeStamps();
}

// The map never leaves its sheet.
function moveBy(dx, dy) {
  view.left = Math.min(0, Math.max(view.left + dx, view.width * (1 - view.zoom)));
  view.top = Math.min(0, Math.max(view.top + dy, view.height * (1 - view.zoom)));
  redraw();
}

function tell(i) {
  if (i === told) return;
  told = i;
  tip.hidden = i < 0;
  redraw();
  tip.replaceChildren(...(i < 0 ? [] : [about(i)]));
}

function placeTip() {
  if (told < 0) return;
  const px = across(songs.x[told]), py = down(songs.y[told]);
  const left = Math.min(Math.max(px - tip.offsetWidth / 2, 4), view.width - tip.offsetWidth - 4);
  const above = py - tip.offsetHeight - 14;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 4 ? above : py + 14}px`;
}

const fingers = new Map();
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
let moved = 0;

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, place(event));
  moved = 0;
  const draws = mode !== "move" || event.shiftKey;
  drawn = draws && fingers.size === 1 ? [place(event)] : null;
});

canvas.addEventListener("pointermove", (event) => {
  const [px, py] = place(event), before = fingers.get(event.pointerId);
  if (!before) {
    if (event.pointerType === "mouse") tell(nearest(px, py));
    return;
  }
  moved += Math.abs(px - before[0]) + Math.abs(py - before[1]);
  if (fingers.size === 2) {
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const apart = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
    zoomAt(apart([px, py]) / apart(before), (px + other[0]) / 2, (py + other[1]) / 2);
  } else if (drawn) {
    const [x, y] = drawn[0];
    drawn = mode === "lasso" && !event.shiftKey
      ? [...drawn, [px, py]] : [[x, y], [px, y], [px, py], [x, py]];
    redraw();
  } else {
    moveBy(px - before[0], py - before[1]);
  }
  fingers.set(event.pointerId, [px, py]);
});

function lift(event) {
  if (!fingers.delete(event.pointerId)) return;
  if (event.type === "pointerup") {
    if (moved < 6) {
      pick(nearest(...place(event)));
      if (event.pointerType !== "mouse") by("song").scrollIntoView({ block: "nearest" });
    } else if (drawn && drawn.length > 2) selectInside(drawn, event.ctrlKey || event.metaKey);
  }
  drawn = null;
  redraw();
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("pointerleave", (event) => {
  if (event.pointerType === "mouse" && !fingers.size) tell(-1);
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomAt(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 250), ...place(event));
}, { passive: false });

by("tools").addEventListener("click", ({ target }) => {
  if (target.dataset.mode) {
    mode = target.dataset.mode;
    canvas.classList.toggle("draws", mode !== "move");
    for (const button of by("tools").querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", String(button === target));
    }
  } else if (target.dataset.zoom) {
    const factor = { in: 1.6, out: 1 / 1.6, all: 0 }[target.dataset.zoom];
    zoomAt(factor, view.width / 2, view.height / 2);
  }
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") tell(-1);
});
new MutationObserver(() => { makeStamps(); redraw(); })
  .observe(document.documentElement, { attributeFilter: ["data-theme"] });
