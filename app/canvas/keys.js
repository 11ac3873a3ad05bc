// "/" searches, from wherever one is on the page, unless one is writing.
export default function () {
  document.addEventListener("keydown", slash);
  return () => document.removeEventListener("keydown", slash);
}

function slash(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.composedPath()[0];
  if (at && (at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName))) return;
  const main = document.querySelector('[data-testid="stMain"]');
  const box = main && (main.querySelector(".lineage-ask input") || main.querySelector('[data-testid="stSelectbox"] input, [data-testid="stTextInput"] input'));
  if (box) { event.preventDefault(); box.focus(); box.select(); }
}
