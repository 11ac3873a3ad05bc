// A combobox whose options come from the estate, a few for each text (WAI-ARIA 1.2, combobox).
export default function ({ parentElement, data: [data], setStateValue, setTriggerValue, key }) {
  const root = parentElement.querySelector(".lineage-ask");
  const state = root.__state || (root.__state = { wait: 0, at: -1, options: [] });
  state.tell = setStateValue;
  state.choose = setTriggerValue;
  if (!state.input) build(root, state, key || "ask");
  state.label.textContent = data.label;
  state.input.placeholder = data.hint;
  if (state.value !== data.value) { state.value = data.value; state.input.value = data.value; state.chosen = data.value; }
  // An answer to a text that is no longer there is no answer.
  if (data.for && data.for === state.input.value && document.activeElement === state.input && state.chosen !== state.input.value) offer(state, data.options, data.for);
}

function build(root, state, key) {
  const id = `ask-${key.replace(/\W/g, "-")}`;
  state.label = document.createElement("label");
  state.label.htmlFor = id;
  state.input = document.createElement("input");
  Object.assign(state.input, { id, type: "text", autocomplete: "off", spellcheck: false });
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", `${id}-list`]]) state.input.setAttribute(name, value);
  state.list = document.createElement("ul");
  state.list.id = `${id}-list`; state.list.hidden = true;
  state.list.setAttribute("role", "listbox"); state.list.setAttribute("aria-label", "Found");
  state.said = document.createElement("div");
  state.said.setAttribute("role", "status");
  state.said.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  root.append(state.label, state.input, state.list, state.said);
  state.input.addEventListener("input", () => {
    clearTimeout(state.wait);
    state.chosen = null;
    const text = state.input.value;
    if (!text) { shut(state); return; }
    state.wait = setTimeout(() => state.tell("text", text), 25);
  });
  state.input.addEventListener("focus", () => state.input.select());
  state.input.addEventListener("blur", () => setTimeout(() => shut(state), 150));
  state.input.addEventListener("keydown", (event) => pressed(state, event));
}

function pressed(state, event) {
  const open = !state.list.hidden;
  if (event.key === "Enter") {
    // What was walked to; else what is written, which may be a question of its own.
    done(state, open && state.at >= 0 ? state.options[state.at].text : state.input.value);
  } else if (event.key === "Escape") {
    if (open) { shut(state); event.stopPropagation(); } else state.input.blur();
  } else if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const count = state.options.length;
    point(state, (state.at + (event.key === "ArrowDown" ? 1 : state.at < 0 ? count : count - 1)) % count);
  }
}

function done(state, text) {
  clearTimeout(state.wait);
  state.input.value = text;
  state.chosen = text;
  shut(state);
  state.choose("chosen", text);
}

function offer(state, options, text) {
  state.options = options;
  state.answered = text;
  state.at = -1;
  state.list.replaceChildren(...options.map((option, place) => {
    const line = document.createElement("li");
    line.id = `${state.list.id}-${place}`;
    line.setAttribute("role", "option"); line.setAttribute("aria-selected", "false");
    line.setAttribute("aria-label", option.text);
    const name = document.createElement("b"), about = document.createElement("span");
    name.textContent = option.text; about.textContent = [option.kind, option.about].filter(Boolean).join(" · ");
    line.append(name, about);
    // Before the box loses focus, which would take the list away.
    line.addEventListener("pointerdown", (event) => event.preventDefault());
    line.addEventListener("click", () => done(state, option.text));
    return line;
  }));
  state.list.hidden = !options.length;
  state.input.setAttribute("aria-expanded", String(!!options.length));
  state.input.removeAttribute("aria-activedescendant");
  state.said.textContent = options.length ? `${options.length} found` : `nothing is called ${text}`;
}

function point(state, place) {
  state.at = place;
  [...state.list.children].forEach((line, number) => line.setAttribute("aria-selected", String(number === place)));
  const line = state.list.children[place];
  state.input.setAttribute("aria-activedescendant", line.id);
  line.scrollIntoView({ block: "nearest" });
}

function shut(state) {
  state.list.hidden = true;
  state.at = -1;
  state.input.setAttribute("aria-expanded", "false");
  state.input.removeAttribute("aria-activedescendant");
}
