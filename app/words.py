"""Small pieces of text and tables that several pages share."""

from __future__ import annotations

import csv
import io
import mimetypes
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import lineage

STATUS_MARKS = {
    "BREAKS": "✖ BREAKS",
    "BLOCKED": "■ BLOCKED",
    "UNKNOWN": "? UNKNOWN",
    "SCHEMA_CHANGES": "▲ SCHEMA",
    "VALUE_CHANGES": "≈ VALUES",
    "OK": "✓ OK",
}
"""What is written beside a verdict, so that colour is never all there is."""


def many(number: int, noun: str) -> str:
    """Return a count of things: ``1 column``, ``2,000 columns``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def named(group: str, kind: str) -> str:
    """Return a group's name; in words, where something is in none."""
    return f"no {kind}" if group == "—" else group


def place(where: lineage.Location | None) -> str:
    """Return ``file:line:column``, as far as it is known."""
    if where is None:
        return ""
    here = f"{Path.cwd()}/"
    parts = [
        where.document.removeprefix(here),
        *(str(part) for part in (where.line, where.column) if part),
    ]
    return ":".join(parts)


def csv_of(rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows as CSV, with a header; a cell that a spreadsheet would run is kept as text."""
    every = list(rows)
    if not every:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(every[0]))
    writer.writeheader()
    for row in every:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return text.getvalue()


def facts(known: Mapping[str, str | None]) -> str:
    """Return names and values as an HTML list, escaped; what has no value is left out."""
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in known.items() if value
    )
    return (
        "<style>dl.known{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .7rem;"
        "margin:0!important;padding:0!important}dl.known dt{font-size:.8rem;opacity:.84;margin:0}"
        "dl.known dd{margin:0!important;padding:0;font-size:.85rem;overflow-wrap:anywhere}</style>"
        f"<dl class='known'>{rows}</dl>"
    )


def table(rows: Sequence[Mapping[str, object]], name: str, file: str) -> None:
    """Draw rows that can be filtered and saved; above a limit the page says what is not shown."""
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    wanted = left.text_input(
        "Only those with", placeholder="part of any cell", key=f"filter {name}"
    )
    kept = filtered(rows, wanted)
    save("CSV", csv_of(kept), file, key=f"save {name}", place=right)
    drawn(kept, name)


def save(  # noqa: PLR0913 - what, as what, and where
    label: str,
    data: str | Callable[[], str],
    file: str,
    *,
    key: str | None = None,
    disabled: bool = False,
    wide: bool = True,
    place: DeltaGenerator | None = None,
) -> None:
    """Offer a text as a file. One that is costly is made when it is asked for.

    Whoever saves a file changes nothing. Were the page drawn again for that, the file could be
    gone before the browser has fetched it.
    """
    (place or st).download_button(
        label,
        data,
        file,
        mimetypes.guess_type(file)[0] or "text/plain",
        key=key,
        on_click="ignore",
        disabled=disabled,
        width="stretch" if wide else "content",
    )


def filtered(rows: Sequence[Mapping[str, object]], wanted: str) -> Sequence[Mapping[str, object]]:
    """Return the rows that have a text in some cell, letter case aside."""
    text = wanted.lower()
    return [row for row in rows if text in " ".join(map(str, row.values())).lower()]


def drawn(rows: Sequence[Mapping[str, object]], name: str, without: Container[str] = ()) -> None:
    """Draw rows as a table of the page itself, some columns left to the file.

    Streamlit's data frame is a picture on a canvas: half a second more until a page is there, and
    text that neither a search in the page nor, but for what is in view, a screen reader finds.
    """
    if len(rows) > SHOWN:
        st.caption(f"shown {SHOWN:,} of {len(rows):,}; the file has all")
    kept = [{key: cell for key, cell in row.items() if key not in without} for row in rows[:SHOWN]]
    st.html(html_table(kept, name))


SHOWN = 300
"""Rows of a table that are sent to the browser."""


def html_table(rows: Sequence[Mapping[str, object]], name: str) -> str:
    """Return rows as an HTML table, every cell escaped; nothing, if there are no rows."""
    if not rows:
        return "<p>none</p>"
    head = "".join(f"<th scope='col'>{escape(key)}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row.values()) + "</tr>"
        for row in rows
    )
    return (
        "<style>.rows{max-height:27rem;overflow:auto;border:1px solid rgba(128,128,128,.35);"
        "border-radius:8px}.rows table{border-collapse:collapse;width:100%;font-size:.85rem;"
        "margin:0}.rows th{position:sticky;top:0;text-align:left;font-weight:600;"
        "background:var(--st-secondary-background-color,Canvas);z-index:1}"
        ".rows th,.rows td{padding:.35rem .6rem;border:0;vertical-align:top;"
        "border-bottom:1px solid rgba(128,128,128,.22);overflow-wrap:anywhere;"
        "min-width:6rem;max-width:26rem}"
        ".rows td:first-child{white-space:nowrap;font-weight:600;min-width:0}"
        ".rows tr:last-child td{border-bottom:0}</style>"
        f"<div class='rows' tabindex='0' role='region' aria-label='{escape(name)}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _harmless(value: object) -> object:
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def marked(sql: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return SQL as HTML, escaped, with spans of characters marked.

    Nothing can scroll to the first mark: what stands long before it is folded.
    """
    every = sorted(spans)
    begin = _begin(sql, every[0][0]) if every else 0
    pieces = []
    at = begin
    for start, end in every:
        if start < at:
            continue
        pieces += [escape(sql[at:start]), "<mark>", escape(sql[start:end]), "</mark>"]
        at = end
    pieces.append(escape(sql[at:]))
    style = (
        "white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem;max-height:22rem;"
        "overflow:auto;padding:.6rem;"
        "border:1px solid rgba(128,128,128,.35);border-radius:6px"
    )
    before = sql[:begin]
    folded = (
        f"<details><summary>… {many(before.count(chr(10)), 'line')} before</summary>"
        f"{escape(before)}</details>"
        if before
        else ""
    )
    return (
        f'<pre tabindex="0" role="region" aria-label="SQL" style="{style}">'
        f"{folded}{''.join(pieces)}</pre>"
    )


_BEFORE = 3
"""Lines that are shown before the first mark."""


def _begin(sql: str, mark: int) -> int:
    """Return where an excerpt begins that shows a few lines before a mark."""
    ends = [at + 1 for at in range(mark) if sql[at] == "\n"]
    return ends[-_BEFORE - 1] if len(ends) > 2 * _BEFORE else 0


def verdict_rows(found: lineage.Impact) -> list[dict[str, object]]:
    """Return a row a verdict that is not OK: what breaks first in front."""
    order = list(STATUS_MARKS)
    rows: list[dict[str, object]] = []
    for verdict in (*found.relations, *found.consumers):
        if verdict.status.value == "OK":
            continue
        first = verdict.evidence[0] if verdict.evidence else None
        rows.append(
            {
                "verdict": STATUS_MARKS[verdict.status.value],
                "what": verdict.relation,
                "kind": verdict.kind,
                "why": ("" if first is None or first.certain else "may: ")
                + (first.message if first else ""),
                "where": place((first.location if first else None) or verdict.location),
                "owner": ", ".join(verdict.owners),
                "known": verdict.known.value,
                "path": " > ".join(verdict.path),
            }
        )
    rows.sort(key=lambda row: order.index(_status(str(row["verdict"]))))
    return rows


def _status(mark: str) -> str:
    return next(status for status, text in STATUS_MARKS.items() if text == mark)


def transformations(edge: lineage.Edge) -> str:
    """Return how the value gets there, in a few words."""
    words = sorted({step.subtype or step.type.value for step in edge.transformations})
    masked = " (masked)" if any(step.masking for step in edge.transformations) else ""
    return ", ".join(words) + masked if words else "unspecified"
