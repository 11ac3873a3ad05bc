// Draws tables as a network, with vis-network as the pyvis package carries it (in front of this).
const EDGE = 16, SMALLEST = 0.3, HIGHEST = 1400, LOWEST = 220;

export default function ({ parentElement, data: [data], setTriggerValue }) {
  const root = parentElement.querySelector(".network");
  root.__tell = setTriggerValue;
  if (root.__version === data.version) return;
  root.__version = data.version;
  const start = () => draw(root, parentElement.querySelector(".netbar"), data);
  if (root.clientWidth > 40) { start(); return; }
  const watch = new ResizeObserver(() => { if (root.clientWidth > 40) { watch.disconnect(); start(); } });
  watch.observe(root);
}

function draw(root, bar, data) {
  root.__net?.destroy();
  const scale = Math.min(1, Math.max(SMALLEST, (root.clientWidth - 2 * EDGE) / data.wide));
  root.style.height = Math.round(Math.min(HIGHEST, Math.max(LOWEST, data.high * scale + 2 * EDGE))) + "px";
  const text = getComputedStyle(root).color;
  const nodes = data.nodes.map((node) => ({ ...node, font: { color: "#ffffff", size: 15 } }));
  const net = new globalThis.vis.Network(root, { nodes: new globalThis.vis.DataSet(nodes), edges: new globalThis.vis.DataSet(data.edges) }, {
    // The wheel scrolls the page; with Ctrl it zooms, as on the canvas.
    physics: false, interaction: { hover: true, zoomView: false, keyboard: { enabled: true, bindToWindow: false }, navigationButtons: false },
    nodes: { shape: "box", margin: 8, borderWidth: 0 },
    edges: { color: { color: "#8a93a1", highlight: text }, smooth: { type: "cubicBezier", forceDirection: "horizontal", roundness: 0.5 }, arrows: { to: { scaleFactor: 0.6 } } },
  });
  root.__net = net;
  const fit = () => {
    const most = Math.min(1, (root.clientWidth - 2 * EDGE) / data.wide, (root.clientHeight - 2 * EDGE) / data.high);
    net.moveTo({ scale: most, position: { x: data.wide / 2, y: data.high / 2 } });
  };
  const zoom = (by) => net.moveTo({ scale: Math.min(2.5, Math.max(0.12, net.getScale() * by)) });
  net.once("afterDrawing", () => { fit(); root.dataset.drawn = nodes.length; });
  net.on("selectNode", (event) => root.__tell("node", event.nodes[0]));
  root.onwheel = (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300));
  };
  bar.replaceChildren(...[
    ["+", "Zoom in", () => zoom(1.25)],
    ["−", "Zoom out", () => zoom(0.8)],
    ["⤢", "Show everything", fit],
  ].map(([sign, name, act]) => {
    const button = document.createElement("button");
    button.textContent = sign; button.title = name; button.setAttribute("aria-label", name); button.onclick = act;
    return button;
  }));
}
