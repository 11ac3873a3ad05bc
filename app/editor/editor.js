// A text area over its own text in colours. Tab indents; after Escape it leaves, as WCAG 2.1.2 asks.
const WORDS = new Set("select from where group by having order limit offset join inner left right full outer cross lateral on using as and or not in is null case when then else end cast distinct union all except intersect with recursive create replace table view insert into values update set delete over partition window qualify exists between like ilike interval date timestamp true false asc desc filter".split(" "));
const TOKENS = /(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*'?|\b\d+(?:\.\d+)?\b)|([A-Za-z_]\w*)|([\s\S])/g;

export default function ({ parentElement, data: [data], setStateValue }) {
  const root = parentElement.querySelector(".lineage-editor");
  const state = root.__state || (root.__state = {});
  state.tell = setStateValue;
  if (!state.area) build(root, state);
  const [r, g, b] = (getComputedStyle(root).backgroundColor.match(/\d+(\.\d+)?/g) || [255, 255, 255]).map(Number);
  root.classList.toggle("dark", r * 0.3 + g * 0.59 + b * 0.11 < 128);
  state.area.setAttribute("aria-label", data.label);
  if (state.given !== data.text) { state.given = data.text; state.area.value = data.text; colour(state); }
}

function build(root, state) {
  state.numbers = document.createElement("div");
  state.numbers.className = "numbers"; state.numbers.setAttribute("aria-hidden", "true");
  const paper = document.createElement("div");
  paper.className = "paper";
  state.shown = document.createElement("pre");
  state.shown.className = "shown"; state.shown.setAttribute("aria-hidden", "true");
  state.area = document.createElement("textarea");
  Object.assign(state.area, { spellcheck: false, autocapitalize: "off", autocomplete: "off", wrap: "off" });
  paper.append(state.shown, state.area);
  root.append(state.numbers, paper);
  let wait = 0;
  const told = () => { clearTimeout(wait); state.tell("text", state.area.value); };
  state.area.addEventListener("input", () => { colour(state); clearTimeout(wait); wait = setTimeout(told, 600); });
  state.area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { state.leaves = true; return; }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); told(); }
    if (event.key === "Tab" && !event.shiftKey && !state.leaves) {
      event.preventDefault();
      state.area.setRangeText("    ", state.area.selectionStart, state.area.selectionEnd, "end");
      state.area.dispatchEvent(new Event("input"));
    }
    state.leaves = false;
  });
}

function colour(state) {
  const text = state.area.value;
  const parts = [];
  for (const [whole, note, literal, word] of text.matchAll(TOKENS)) {
    const tag = note ? "em" : literal ? "i" : word && WORDS.has(word.toLowerCase()) ? "b" : "";
    if (!tag) { parts.push(whole); continue; }
    const found = document.createElement(tag);
    found.textContent = whole;
    parts.push(found);
  }
  state.shown.replaceChildren(...parts, "\n");
  state.numbers.textContent = text.split("\n").map((_, number) => number + 1).join("\n");
}
