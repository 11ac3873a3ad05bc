// Draws tables as a network, with vis-network as the pyvis package carries it (in front of this).
export default function ({ parentElement, data: [data], setTriggerValue }) {
  const root = parentElement.querySelector(".network");
  if (root.__version === data.version) return;
  root.__version = data.version;
  root.style.height = data.height + "px";
  const text = getComputedStyle(root).color;
  const nodes = data.nodes.map((node) => ({ ...node, font: { color: "#ffffff", size: 15 } }));
  const start = () => {
    const net = new globalThis.vis.Network(root, { nodes: new globalThis.vis.DataSet(nodes), edges: new globalThis.vis.DataSet(data.edges) }, {
      physics: false, interaction: { hover: true, keyboard: { enabled: true, bindToWindow: false }, navigationButtons: false },
      nodes: { shape: "box", margin: 8, borderWidth: 0 },
      edges: { color: { color: "#8a93a1", highlight: text }, smooth: { type: "cubicBezier", forceDirection: "horizontal", roundness: 0.5 }, arrows: { to: { scaleFactor: 0.6 } } },
    });
    net.once("afterDrawing", () => {
      root.dataset.drawn = nodes.length;
      // Labels that shrink cannot be read: below this scale one pans instead.
      if (net.getScale() < 0.62) {
        const left = Math.min(...nodes.map((node) => node.x));
        net.moveTo({ scale: 0.62, position: { x: left - 110 + root.clientWidth / 1.24, y: 0 } });
      }
    });
    net.on("selectNode", (event) => setTriggerValue("node", event.nodes[0]));
    root.__net = net;
  };
  if (root.clientWidth > 40) { start(); return; }
  const watch = new ResizeObserver(() => { if (root.clientWidth > 40) { watch.disconnect(); start(); } });
  watch.observe(root);
}
