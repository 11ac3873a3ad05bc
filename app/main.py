"""Entry of the explorer: `lineage explore` runs it with Streamlit."""

from __future__ import annotations

import streamlit as st

from app import signed
from app.canvas import keys
from app.views import catalog, changes, column, governance, health, impact, network

st.set_page_config(page_title="Lineage", page_icon="🧭", layout="wide")
st.html(
    "<style>.stMainBlockContainer{padding:3.2rem 2rem 2rem}"
    "[data-testid='stSidebar']{min-width:12rem;max-width:14rem}"
    "h1{font-size:1.9rem!important}h3{font-size:1.25rem!important}"
    "[data-testid='stMetricValue']{font-size:1.6rem}"
    # As Streamlit has them, captions and the chosen segment are below 4.5:1 (WCAG 2.1, 1.4.3).
    "[data-testid='stCaptionContainer'],[data-testid='stCaptionContainer'] p"
    "{color:color-mix(in srgb,currentcolor 84%,transparent)!important}"
    "[data-testid='stCaptionContainer']{color:inherit!important;opacity:1}"
    "button[data-selected='true']{color:inherit!important;font-weight:600}"
    # In a narrow window what stands side by side goes below, before it cannot be read.
    "@media (max-width:1100px){[data-testid='stHorizontalBlock']{flex-wrap:wrap}"
    "[data-testid='stColumn']{min-width:min(100%,11rem)}"
    ".st-key-controls [data-testid='stColumn']:first-child{min-width:100%}"
    "[data-testid='stColumn']:has([data-testid='stButtonGroup']){min-width:min(100%,20rem)}"
    ".st-key-picture>*>[data-testid='stHorizontalBlock']>*,"
    ".st-key-picture>[data-testid='stHorizontalBlock']>*{min-width:min(100%,24rem)}}"
    "@media (prefers-reduced-motion:reduce){*,*::before,*::after{animation-duration:0s!important;"
    "animation-delay:0s!important;transition:none!important;scroll-behavior:auto!important}}"
    "</style>"
)
signed.required()
# One list: Streamlit draws groups as a list that screen readers take for a broken one.
PAGES = [
    st.Page(column.show, title="Column lineage", url_path="column", default=True),
    st.Page(network.show, title="Map", url_path="map"),
    st.Page(impact.show, title="Impact", url_path="impact"),
    st.Page(changes.show, title="Changes", url_path="changes"),
    st.Page(catalog.show, title="Catalog", url_path="catalog"),
    st.Page(governance.show, title="Governance", url_path="governance"),
    st.Page(health.show, title="Health", url_path="health"),
]
st.session_state["pages"] = {page.url_path or "column": page for page in PAGES}
page = st.navigation(PAGES)
with st.sidebar:
    keys()
page.run()
