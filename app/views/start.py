"""What is seen before anything is asked: how much there is, and where people begin."""

from __future__ import annotations

from html import escape

import streamlit as st

import lineage
from app import address, links_to, words

_QUESTIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("Where does personal data flow?", "governance", {}),
    ("Who owns what?", "governance", {"tab": "Owners and domains"}),
    ("What may go, because nobody reads it?", "governance", {"tab": "Unused"}),
    ("What changed since yesterday?", "changes", {"tab": "Two instants compared"}),
    ("Which runs failed?", "health", {"tab": "Runs"}),
    ("Which tables are stale?", "health", {"tab": "Freshness"}),
    ("What was not understood?", "health", {"tab": "Not understood"}),
    ("How do the domains depend on each other?", "map", {"level": "domain"}),
)


def draw(estate: lineage.Workspace) -> None:
    """Draw counts, examples of what the box understands, and questions of the whole estate."""
    there = estate.extent()
    st.title("What breaks if you change it?", anchor=False)
    counts = {
        "dataset": there.datasets,
        "column": there.columns,
        "job": estate.stats().jobs,
        "edge": there.edges,
    }
    st.caption(" · ".join(words.many(number, noun) for noun, number in counts.items()))
    left, right = st.columns(2, gap="large")
    with right:
        st.subheader("People ask", anchor=False)
        for text, page, query in _QUESTIONS:
            links_to.page(page, f"→ {text}", **query)
    # Last, because it is counted: everything else can be used by then.
    with left:
        st.subheader("Much depends on", anchor=False)
        with st.spinner("Counting …"):
            busy = _busiest(estate)
        st.html(_WRAPPED)
        with st.container(key="busiest"):
            for label, count in busy:
                if st.button(
                    f"{label} · {words.many(count, 'column')} downstream", key=f"busy {label}"
                ):
                    address.put(column=label)
                    st.rerun()
        _examples(busy)


def _examples(busy: list[tuple[str, int]]) -> None:
    name = busy[0][0] if busy else "orders.amount"
    st.caption("The box above also understands:")
    lines = (
        f"drop {name}",
        f"rename {name} to other_name",
        f"retype {name} to DOUBLE",
        f"{name} > another.column",
        f"why {name}",
    )
    # st.code brings a highlighter of 1.5 MB along.
    st.html(f"<pre style='{_CODE}'>{escape(chr(10).join(lines))}</pre>")


_CODE = (
    "margin:0;padding:.6rem .8rem;font-size:.85rem;line-height:1.6;white-space:pre-wrap;"
    "overflow-wrap:anywhere;border:1px solid rgba(128,128,128,.35);border-radius:8px"
)

_WRAPPED = (
    "<style>.st-key-busiest button{height:auto;text-align:left}.st-key-busiest button *"
    "{white-space:normal;overflow:visible;overflow-wrap:anywhere;text-overflow:clip}</style>"
)
"""A long name goes on in the next line: cut off, two may look the same."""


def _busiest(estate: lineage.Workspace) -> list[tuple[str, int]]:
    return [item for item in _busiest_of(estate, id(estate)) if item[1]]


@st.cache_data(show_spinner=False, max_entries=4)
def _busiest_of(_estate: lineage.Workspace, key: int) -> list[tuple[str, int]]:
    """Return columns with many others downstream, of a sample of a few hundred."""
    del key
    columns = _estate.columns()
    step = max(1, len(columns) // 400)
    counted = [
        (_estate.label(column), len(_estate.downstream(column, edges=False).reached))
        for column in columns[::step]
        if column.name != "*"
    ]
    counted.sort(key=lambda item: (-item[1], item[0]))
    # One of each name: five columns of one table and its copies would say the same five times.
    named: dict[str, tuple[str, int]] = {}
    for item in counted:
        named.setdefault(item[0].rsplit(".", 1)[-1], item)
    return list(named.values())[:5]
