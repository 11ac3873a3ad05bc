// Draws the scene that Python has laid out. Names are set as text, never as HTML. Highlighting
// happens here; Python is told one value a click.
const SVG = "http://www.w3.org/2000/svg";
const HEAD = 46, ROW = 25, FLOOR = 0.8, EDGE = 20;
const MINI = [200, 26];  // the most that the small picture in the bar takes
const KEYS = [
  ["← →", "along the first edge, to what feeds the column or is fed by it"],
  ["↑ ↓", "to the other columns of the table"],
  ["Enter", "focus the column: what feeds it, what it feeds"],
  ["Shift + click", "on a second column: the ways between the two"],
  ["E", "the SQL of the edge just walked, else of one that leads to the column"],
  ["Esc", "no focus; closes this list"],
  ["+ −", "zoom; Ctrl and the wheel do too"],
  ["/", "search"],
  ["?", "this list"],
];
const SIGNED = 400;  // lines that have a sign of their own, at most: more would only be noise

export default function (component) {
  const { parentElement, data: [data], setTriggerValue } = component;
  const root = parentElement.querySelector(".canvas");
  const state = root.__state || (root.__state = { k: 1, x: 20, y: 20, focus: -1 });
  state.tell = setTriggerValue;
  root.style.setProperty("--canvas-height", data.height + "px");
  darken(root);
  if (state.version !== data.version) {
    state.version = data.version;
    state.data = data;
    draw(root, state);
    whenSized(root, () => fit(root, state));
  }
  if (state.painted !== data.version + data.painted) { state.painted = data.version + data.painted; state.data.paint = data.paint; paint(root, state); }
  if (data.focus !== state.focus) light(root, state, data.focus);
  if (data.picked !== state.picked) pick(state, data.picked);
  return () => {};
}

function darken(root) {
  const [r, g, b] = (getComputedStyle(root).backgroundColor.match(/\d+(\.\d+)?/g) || [255, 255, 255]).map(Number);
  root.classList.toggle("dark", r * 0.3 + g * 0.59 + b * 0.11 < 128);
}

function whenSized(root, then) {
  if (root.clientWidth > 40) { then(); return; }
  const watch = new ResizeObserver(() => {
    if (root.clientWidth > 40) { watch.disconnect(); then(); }
  });
  watch.observe(root);
}

function made(tag, name, text) {
  const found = document.createElement(tag);
  if (name) found.className = name;
  if (text !== undefined) found.textContent = text;
  return found;
}

function drawnSvg(tag, attributes) {
  const found = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  return found;
}

function draw(root, state) {
  const { cards, edges, width } = state.data;
  root.replaceChildren();
  root.classList.remove("focused");
  root.setAttribute("role", "application");
  root.setAttribute("aria-label", "Lineage: arrow keys walk columns, Enter focuses, Escape clears");
  const world = made("div", "world"), pane = made("div", "pane"), bar = made("div", "bar");
  state.pane = pane; state.help = help(root, state);
  const svg = drawnSvg("svg", { class: "edges", width: 1, height: 1, "aria-hidden": "true" });
  world.append(svg);
  state.world = world; state.rows = []; state.cardOf = []; state.at = []; state.paths = [];
  state.signs = []; state.signOf = [];
  state.graph = graph(state);
  cards.forEach((card, number) => {
    const box = made("div", card.fold ? "card fold" : "card");
    box.style.cssText = `left:${card.x}px;top:${card.y}px;width:${width}px;height:${card.h}px`;
    const head = made("button", "head");
    head.title = card.full + (card.owner ? "\nowner: " + card.owner : "");
    // The name is what can be seen; the rest is a description (WCAG 2.1, 2.5.3).
    head.setAttribute("aria-description", card.fold ? "shows its tables one by one" : "shows or hides its other columns");
    box.setAttribute("role", "group"); box.setAttribute("aria-label", card.label);
    const title = made("span", "title", card.title);
    card.sign = made("span", "mark"); card.sign.hidden = true;
    title.append(card.sign);
    head.append(title, made("span", "sub", [card.under, card.kind, card.owner].filter(Boolean).join(" · ")));
    head.onclick = () => state.tell("toggle", card.label);
    box.append(head);
    card.rows.forEach((row, place) => {
      const line = made("button", "row");
      line.dataset.id = row.id;
      line.setAttribute("aria-description", `in ${card.label}`);
      line.append(made("span", "name", row.name));
      for (const tag of row.tags.slice(0, 1)) line.append(made("span", "tag", tag));
      line.append(made("span", "type", row.type));
      line.title = `${row.name} ${row.type}`;
      line.onclick = (event) => row.fold ? state.tell("toggle", card.label) : choose(root, state, row.id, event.shiftKey);
      box.append(line);
      state.rows[row.id] = line;
      state.cardOf[row.id] = number;
      state.at[row.id] = [card.x, card.y + HEAD + ROW * place + ROW / 2];
    });
    if (card.more) {
      const more = made("button", "more", `+ ${card.more} more ${card.more === 1 ? "column" : "columns"}`);
      more.onclick = () => state.tell("toggle", card.label);
      box.append(more);
    }
    world.append(box);
    card.box = box;
  });
  state.out = new Map(); state.into = new Map();
  edges.forEach(([one, other, direct], number) => {
    if (!state.out.has(one)) state.out.set(one, []);
    if (!state.into.has(other)) state.into.set(other, []);
    state.out.get(one).push(number); state.into.get(other).push(number);
    const [x1, y1] = [state.at[one][0] + width, state.at[one][1]];
    const [x2, y2] = state.at[other];
    const bend = x2 > x1 ? Math.max(36, (x2 - x1) / 2) : 70;
    const path = drawnSvg("path", { class: "edge" + (direct ? "" : " indirect"), d: `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}` });
    path.dataset.edge = number;
    path.addEventListener("click", () => asked(state, number));
    svg.append(path);
    state.paths.push(path);
    state.signs.push([(x1 + x2) / 2, (y1 + y2) / 2]);
  });
  pane.append(world, state.help);
  // Buttons and the small picture have a bar of their own: they cover nothing.
  bar.append(made("div", "said"), minimap(root, state), tools(root, state));
  root.append(bar, pane, made("div", "read"));
  root.querySelector(".read").setAttribute("aria-live", "polite");
  listen(root, state);
  state.focus = -1; state.picked = -1; state.walked = null;
  light(root, state, state.data.focus);
  pick(state, state.data.picked);
}

// The edge whose SQL is shown.
function pick(state, number) {
  state.paths[state.picked]?.classList.remove("picked");
  state.picked = number;
  state.paths[number]?.classList.add("picked");
}

function asked(state, number) {
  pick(state, number);
  state.tell("edge", state.data.edges[number].slice(0, 2));
}

function help(root, state) {
  const box = made("div", "help");
  box.hidden = true;
  box.setAttribute("role", "region"); box.setAttribute("aria-label", "Keys");
  const list = made("dl");
  for (const [key, does] of KEYS) list.append(made("dt", "", key), made("dd", "", does));
  box.append(list);
  return box;
}

function helped(state, shown) {
  state.help.hidden = !shown;
  state.keysButton.setAttribute("aria-expanded", String(shown));
}

// Colours and signs, without drawing anything anew: what is in view stays where it is.
function paint(root, state) {
  const { cards, lines, rows, marks } = state.data.paint;
  state.data.cards.forEach((card, number) => {
    card.box.style.setProperty("--tone", cards[number] || "#68707d");
    card.mark = marks[number] || "";
    card.sign.textContent = card.mark;
    card.sign.hidden = !card.mark;
  });
  root.classList.toggle("toned", Object.keys(lines).length > 0);
  const svg = root.querySelector("svg.edges");
  svg.querySelectorAll("text").forEach((one) => one.remove());
  state.signOf = [];
  state.paths.forEach((path, number) => {
    const tone = lines[number];
    if (tone) path.style.setProperty("--tone", tone[0]); else path.style.removeProperty("--tone");
    if (!tone || state.paths.length > SIGNED) return;
    const [x, y] = state.signs[number];
    const sign = drawnSvg("text", { x, y: y + 4, class: "sign" });
    sign.textContent = tone[1];
    sign.style.setProperty("--tone", tone[0]);
    svg.append(sign);
    state.signOf[number] = sign;
  });
  light(root, state, state.focus);
  state.rows.forEach((line, number) => {
    const tone = rows[number];
    let sign = line.querySelector(".turn");
    if (!tone) { if (sign) sign.remove(); line.classList.remove("turned"); return; }
    if (!sign) { sign = made("span", "turn"); line.prepend(sign); }
    sign.textContent = tone[1];
    line.style.setProperty("--tone", tone[0]);
    line.classList.add("turned");
  });
}

function tools(root, state) {
  const box = made("div", "tools");
  for (const [sign, name, act] of [
    ["+", "Zoom in", () => zoom(root, state, 1.25)],
    ["−", "Zoom out", () => zoom(root, state, 0.8)],
    ["⤢", "Show everything", () => fit(root, state, true)],
    ["SVG", "Save as SVG", () => saved(new Blob([picture(state).text], { type: "image/svg+xml" }), "lineage.svg")],
    ["PNG", "Save as PNG", () => png(state)],
    ["?", "Keys", () => helped(state, state.help.hidden)],
  ]) {
    const button = made("button", "", sign);
    button.title = name; button.setAttribute("aria-label", name); button.onclick = act;
    box.append(button);
    state.keysButton = button;
  }
  state.keysButton.setAttribute("aria-expanded", "false");
  return box;
}

function extent(state) {
  let [right, bottom] = [1, 1];
  for (const card of state.data.cards) {
    right = Math.max(right, card.x + state.data.width);
    bottom = Math.max(bottom, card.y + card.h);
  }
  return [right, bottom];
}

function minimap(root, state) {
  const [right, bottom] = extent(state);
  const scale = Math.min(MINI[0] / right, MINI[1] / bottom);
  const svg = drawnSvg("svg", { class: "mini", width: Math.ceil(right * scale) + 8, height: Math.ceil(bottom * scale) + 8, viewBox: `-4 -4 ${right * scale + 8} ${bottom * scale + 8}`, "aria-hidden": "true" });
  for (const card of state.data.cards)
    svg.append(drawnSvg("rect", { class: "box", x: card.x * scale, y: card.y * scale, width: Math.max(2, state.data.width * scale), height: Math.max(1.5, card.h * scale) }));
  state.view = drawnSvg("rect", { class: "view" });
  svg.append(state.view);
  state.scale = scale;
  svg.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    const box = svg.getBoundingClientRect();
    state.x = state.pane.clientWidth / 2 - ((event.clientX - box.left - 4) / scale) * state.k;
    state.y = state.pane.clientHeight / 2 - ((event.clientY - box.top - 4) / scale) * state.k;
    move(root, state);
  });
  return svg;
}

function move(root, state) {
  state.world.style.transform = `translate(${state.x}px,${state.y}px) scale(${state.k})`;
  const to = state.scale / state.k;
  for (const [name, value] of [["x", -state.x * to], ["y", -state.y * to], ["width", state.pane.clientWidth * to], ["height", state.pane.clientHeight * to]])
    state.view.setAttribute(name, value);
}

function zoom(root, state, by, x = state.pane.clientWidth / 2, y = state.pane.clientHeight / 2) {
  const k = Math.min(2.5, Math.max(0.12, state.k * by));
  state.x = x - ((x - state.x) * k) / state.k;
  state.y = y - ((y - state.y) * k) / state.k;
  state.k = k;
  move(root, state);
}

// Text that shrinks cannot be read: what does not fit at the floor is panned, not shrunk.
function fit(root, state, everything = false) {
  const [right, bottom] = extent(state);
  const { width } = state.data;
  const [wide, high] = [state.pane.clientWidth, state.pane.clientHeight];
  const all = Math.min((wide - 2 * EDGE) / right, (high - 2 * EDGE) / bottom);
  state.k = everything ? Math.min(1, Math.max(0.12, all)) : Math.min(1, Math.max(FLOOR, all));
  state.x = Math.max(EDGE, (wide - right * state.k) / 2);
  state.y = EDGE;
  const picked = state.data.edges[state.data.picked];
  const anchor = picked ? picked[0] : state.data.focus >= 0 ? state.data.focus : state.data.root;
  const home = state.data.cards[state.data.home];
  const [tooWide, tooHigh] = [right * state.k > wide - 2 * EDGE, bottom * state.k > high - 2 * EDGE];
  if ((anchor >= 0 || home) && (tooWide || tooHigh)) {
    const [x, y] = anchor >= 0 ? state.at[anchor] : [home.x, home.y + Math.min(home.h, high / state.k) / 2];
    if (tooWide) state.x = Math.min(EDGE, Math.max(wide - EDGE - right * state.k, wide / 3 - x * state.k));
    if (tooHigh) state.y = Math.min(EDGE, Math.max(high - EDGE - bottom * state.k, high / 2 - y * state.k));
    // A card that would be cut off a little is shown whole.
    if (state.x < EDGE && state.x > -width * state.k) state.x = EDGE;
  }
  move(root, state);
}

// What leads to what. Where rows stand for several columns Python says it column by column: on the
// way through such a row one would come to columns that are not fed by the one in focus.
function graph(state) {
  const { edges, cone } = state.data;
  const out = new Map(), into = new Map(), links = [];
  const join = (one, other, line) => {
    if (!out.has(one)) out.set(one, []);
    if (!into.has(other)) into.set(other, []);
    out.get(one).push(links.length); into.get(other).push(links.length);
    links.push([one, other, line]);
  };
  const { rows, pairs } = cone;
  if (rows) for (let at = 0; at < pairs.length; at += 3) join(pairs[at], pairs[at + 1], pairs[at + 2]);
  else edges.forEach(([one, other], line) => join(one, other, line));
  return { out, into, links, row: (node) => rows ? rows[node] : node, node: (row) => rows ? rows.indexOf(row) : row };
}

function walk(from, links, next) {
  const nodes = new Set([from]), edges = new Set(), waiting = [from];
  while (waiting.length) {
    for (const number of links.get(waiting.pop()) || []) {
      edges.add(number);
      const node = next(number);
      if (!nodes.has(node)) { nodes.add(node); waiting.push(node); }
    }
  }
  return [nodes, edges];
}

function counted(number, noun) { return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`; }

function light(root, state, focus) {
  state.focus = focus;
  const { cards } = state.data;
  const { out, into, links, row: rowOf, node: nodeOf } = state.graph;
  const found = focus >= 0 && state.rows[focus] !== undefined;
  const start = found ? nodeOf(focus) : -1;
  const [above, upLinks] = found ? walk(start, into, (n) => links[n][0]) : [new Set(), new Set()];
  const [below, downLinks] = found ? walk(start, out, (n) => links[n][1]) : [new Set(), new Set()];
  const [upRows, downRows] = [above, below].map((nodes) => new Set([...nodes].map(rowOf)));
  const [upEdges, downEdges] = [upLinks, downLinks].map((numbers) => new Set([...numbers].map((n) => links[n][2])));
  root.classList.toggle("focused", found);
  const lit = new Set();
  state.rows.forEach((line, row) => {
    const chosen = found && row === focus;
    line.classList.toggle("chosen", chosen);
    line.classList.toggle("up", !chosen && upRows.has(row));
    line.classList.toggle("down", !chosen && downRows.has(row));
    line.setAttribute("aria-pressed", chosen);
    if (upRows.has(row) || downRows.has(row)) lit.add(state.cardOf[row]);
  });
  cards.forEach((card, number) => card.box.classList.toggle("lit", lit.has(number)));
  state.paths.forEach((path, number) => {
    path.classList.toggle("up", upEdges.has(number));
    path.classList.toggle("down", downEdges.has(number) && !upEdges.has(number));
    state.signOf[number]?.classList.toggle("faded", found && !upEdges.has(number) && !downEdges.has(number));
  });
  const count = new Set([...upLinks, ...downLinks]).size;
  const text = found ? `${counted(count, "edge")}: ${counted(above.size - 1, "column")} upstream, ${below.size - 1} downstream` : `${counted(state.data.tables, "table")}, ${counted(state.data.total, "edge")}`;
  root.querySelector(".said").textContent = text;
  root.querySelector(".read").textContent = text;
  root.dataset.highlighted = found ? count : 0;
}

function choose(root, state, row, pair) {
  if (pair && state.focus >= 0 && state.focus !== row) { state.tell("pair", [state.focus, row]); return; }
  const next = state.focus === row ? -1 : row;
  light(root, state, next);
  state.tell("focus", next);
}

function listen(root, state) {
  if (state.listening) return;
  state.listening = true;
  let held = null;
  root.addEventListener("pointerdown", (event) => {
    if (event.target.closest && event.target.closest("button, .bar, .help, path.edge")) return;
    held = [event.clientX - state.x, event.clientY - state.y];
    root.setPointerCapture(event.pointerId);
    root.classList.add("dragging");
  });
  root.addEventListener("pointermove", (event) => {
    if (!held) return;
    state.x = event.clientX - held[0]; state.y = event.clientY - held[1];
    move(root, state);
  });
  const drop = () => { held = null; root.classList.remove("dragging"); };
  root.addEventListener("pointerup", drop);
  root.addEventListener("pointercancel", drop);
  root.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) { if (!event.shiftKey && Math.abs(event.deltaY) > Math.abs(event.deltaX)) return; state.x -= event.deltaX || event.deltaY; move(root, state); event.preventDefault(); return; }
    event.preventDefault();
    const box = state.pane.getBoundingClientRect();
    zoom(root, state, Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  root.addEventListener("keydown", (event) => keys(root, state, event));
  // Browsers scroll to what gets the focus; here one pans.
  root.addEventListener("focusin", (event) => {
    state.pane.scrollTo(0, 0);
    const id = event.target.dataset && event.target.dataset.id;
    if (id !== undefined && event.target.matches(":focus-visible")) reveal(root, state, Number(id));
  });
}

function keys(root, state, event) {
  const active = root.getRootNode().activeElement;
  const row = active && active.dataset && active.dataset.id !== undefined ? Number(active.dataset.id) : -1;
  if (event.key === "?") { helped(state, state.help.hidden); return; }
  if (event.key === "Escape" && !state.help.hidden) { helped(state, false); return; }
  if (event.key === "Escape") { light(root, state, -1); state.tell("focus", -1); return; }
  if (event.key === "+" || event.key === "=") { zoom(root, state, 1.25); return; }
  if (event.key.toLowerCase() === "e" && !event.ctrlKey && !event.metaKey && !event.altKey) { sqlOf(root, state, row >= 0 ? row : state.focus); return; }
  if (event.key === "-") { zoom(root, state, 0.8); return; }
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 2, ArrowUp: -2 }[event.key];
  if (!step) return;
  event.preventDefault();
  let next = -1;
  if (row < 0) next = state.data.root >= 0 ? state.data.root : 0;
  else if (Math.abs(step) === 1) {
    const links = (step > 0 ? state.out : state.into).get(row) || [];
    if (links.length) { state.walked = links[0]; next = state.data.edges[links[0]][step > 0 ? 1 : 0]; }
  } else {
    const card = state.data.cards[state.cardOf[row]].rows.map((one) => one.id);
    const place = card.indexOf(row) + (step > 0 ? 1 : -1);
    next = card[place] ?? -1;
  }
  if (next >= 0 && state.rows[next]) { state.rows[next].focus({ preventScroll: true }); reveal(root, state, next); }
}

// The edge that was walked to the row in focus; else one that leads to it, or from it, values first.
function sqlOf(root, state, row) {
  const { edges } = state.data;
  const walked = state.walked !== null && edges[state.walked].slice(0, 2).includes(row) ? [state.walked] : [];
  const [into, out] = [state.into, state.out].map((links) => links.get(row) || []);
  const near = [...into, ...out];
  const found = [...walked, ...near.filter((number) => edges[number][2]), ...near][0];
  if (found === undefined) { root.querySelector(".read").textContent = "no edge here"; return; }
  asked(state, found);
}

function reveal(root, state, row) {
  const [x, y] = state.at[row].map((value) => value * state.k);
  const width = state.data.width * state.k;
  const [wide, high] = [state.pane.clientWidth, state.pane.clientHeight];
  if (x + state.x < EDGE) state.x = EDGE - x;
  if (x + width + state.x > wide - EDGE) state.x = wide - EDGE - width - x;
  if (y + state.y < 30) state.y = 30 - y;
  if (y + state.y > high - 30) state.y = high - 30 - y;
  move(root, state);
}

// The picture as a file of its own: everything, not only what is in view.
function picture(state) {
  const [right, bottom] = extent(state);
  const { cards, width, paint } = state.data;
  const [wide, high] = [right + 40, bottom + 40];
  const svg = drawnSvg("svg", { xmlns: SVG, width: wide, height: high, viewBox: `-20 -20 ${wide} ${high}`, "font-family": "sans-serif" });
  svg.append(drawnSvg("rect", { x: -20, y: -20, width: wide, height: high, fill: "#ffffff" }));
  const text = (x, y, size, weight, words, fill = "#20242b") => {
    const found = drawnSvg("text", { x, y, "font-size": size, "font-weight": weight, fill });
    found.textContent = words;
    svg.append(found);
    return found;
  };
  const focused = state.focus >= 0;
  state.paths.forEach((path, number) => {
    const tone = paint.lines[number];
    const way = path.classList.contains("up") ? "#1f5fd6" : path.classList.contains("down") ? "#b8420a" : "";
    const opacity = focused && !way ? 0.2 : 1;
    svg.append(drawnSvg("path", { d: path.getAttribute("d"), fill: "none", opacity, stroke: tone ? tone[0] : way || "#7a8290", "stroke-width": 1.5, "stroke-dasharray": path.classList.contains("indirect") ? "2 4" : "none" }));
    if (tone) text(state.signs[number][0], state.signs[number][1] + 4, 12, 700, tone[1], tone[0]).setAttribute("opacity", opacity);
  });
  const room = width - 24;
  cards.forEach((card, number) => {
    svg.append(drawnSvg("rect", { x: card.x, y: card.y, width, height: card.h, rx: 7, fill: "#f6f7f9", stroke: "#c3c9d2" }));
    svg.append(drawnSvg("rect", { x: card.x, y: card.y, width: 4, height: card.h, fill: paint.cards[number] || "#68707d" }));
    const badge = card.mark ? measured(card.mark, 10, 700) + 8 : 0;
    text(card.x + 12, card.y + 19, 13, 650, short(card.title, room - badge, 13, 650));
    if (badge) text(card.x + width - 12, card.y + 19, 10, 700, card.mark).setAttribute("text-anchor", "end");
    text(card.x + 12, card.y + 36, 11, 400, short([card.under, card.kind].filter(Boolean).join(" · "), room, 11));
    card.rows.forEach((row, place) => {
      const turn = paint.rows[row.id], line = state.rows[row.id].classList, top = card.y + HEAD + ROW * place;
      const chosen = line.contains("chosen");
      const ground = line.contains("up") ? "#dfe8f9" : line.contains("down") ? "#f6e6df" : "#ffffff";
      svg.append(drawnSvg("rect", { x: card.x + 5, y: top + 1, width: width - 6, height: ROW - 2, fill: ground, stroke: chosen ? "#20242b" : "none", "stroke-width": 2 }));
      const sign = (chosen ? "● " : "") + (turn ? turn[1] + " " : "");
      const type = short(row.type, room * 0.45, 10.5);
      text(card.x + 12, top + 17, 12, chosen ? 700 : 400, short(sign + row.name, room - measured(type, 10.5) - 8, 12, chosen ? 700 : 400), turn ? turn[0] : undefined);
      text(card.x + width - 12, top + 17, 10.5, 400, type, "#5a616c").setAttribute("text-anchor", "end");
    });
    if (card.more) text(card.x + 12, card.y + card.h - 7, 11, 400, `+ ${card.more} more ${card.more === 1 ? "column" : "columns"}`);
  });
  return { text: new XMLSerializer().serializeToString(svg), wide, high };
}

const ruler = document.createElement("canvas").getContext("2d");

function measured(text, size, weight = 400) {
  ruler.font = `${weight} ${size}px sans-serif`;
  return ruler.measureText(text).width;
}

// As much of a text as fits.
function short(text, room, size, weight = 400) {
  if (measured(text, size, weight) <= room) return text;
  let most = text.length - 1;
  while (most > 1 && measured(text.slice(0, most) + "…", size, weight) > room) most -= 1;
  return text.slice(0, most) + "…";
}

function png(state) {
  const { text, wide, high } = picture(state);
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    // Twice as many points as on the screen, as far as browsers can: 16,384 a side.
    const scale = Math.min(2, 16384 / Math.max(wide, high));
    canvas.width = wide * scale; canvas.height = high * scale;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => saved(blob, "lineage.png"), "image/png");
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
}

function saved(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
