"""The side panel of the lineage page: what is known of the column in focus, and of its edges."""

from __future__ import annotations

from html import escape

import streamlit as st

import lineage
from app import address, links_to, spans, words
from app.scene import Scene
from lineage import FieldId

Subject = lineage.FieldId | lineage.DatasetId


def draw(estate: lineage.Workspace, drawn: Scene, focus: int, root: Subject) -> None:
    """Draw what is known of the focus, where it leads, and the SQL of its edges."""
    subject: Subject = (drawn.columns[focus] if 0 <= focus < len(drawn.columns) else None) or root
    st.html(_facts(estate, drawn, subject))
    label = estate.label(subject)
    if subject != root:
        if st.button("Start from here", width="stretch"):
            address.put(column=label, focus=None, edge=None, only=None, open=None, path=None)
            st.rerun()
        part = address.flag("only", on=label)
        st.toggle("Only this path", key=part.key, on_change=part.write)
    _links(estate, subject, label)
    _ways(estate)
    _edges(estate, subject)


def _facts(estate: lineage.Workspace, drawn: Scene, subject: Subject) -> str:
    """Return what is known of a column or table as HTML, every name escaped."""
    dataset = subject.dataset if isinstance(subject, FieldId) else subject
    known = estate.snapshot.datasets.get(dataset)
    about = next(
        (one for one in (known.fields or () if known else ()) if one.name == subject.name), None
    )
    above = estate.upstream(subject, edges=False)
    below = estate.downstream(subject, edges=False)
    name = subject.name if isinstance(subject, FieldId) else estate.label(subject)
    lines = [
        f"<h3>{escape(name)}</h3>",
        f"<p class='soft'>{escape(dataset.name)} · {escape(dataset.namespace)}</p>",
    ]
    if isinstance(subject, FieldId):
        kind = about.type if about and about.type else "type not known"
        tags = "".join(
            f" <b class='tag'>{escape(tag)}</b>" for tag in sorted(about.tags if about else ())
        )
        lines.append(f"<p><code>{escape(kind)}</code>{tags}</p>")
    text = (about.description if about else None) or (known.description if known else None)
    if text:
        lines.append(f"<p>{escape(text)}</p>")
    facts = [("Upstream", _reached(above, drawn)), ("Downstream", _reached(below, drawn))]
    facts.append(("Owner", ", ".join(known.owners) if known and known.owners else "nobody known"))
    users: dict[str, list[str]] = {}
    for consumer in below.consumers:
        users.setdefault(consumer.kind, []).append(consumer.job.name.rsplit(".", 1)[-1])
    facts += [
        (f"{kind.capitalize()}s", ", ".join(sorted(users[kind])))
        for kind in ("exposure", "metric", "contract")
        if users.get(kind)
    ]
    if users.get("test"):
        facts.append(("Tests", str(len(users["test"]))))
    if known and known.updated_at:
        facts.append(("Written", f"{known.updated_at:%Y-%m-%d %H:%M} UTC"))
    return f"{_STYLE}<div class='facts'>{''.join(lines)}{words.facts(dict(facts))}</div>"


def _reached(cone: lineage.Cone, drawn: Scene) -> str:
    """Return how many columns there are, and how many of them the picture is of."""
    count = len(cone.reached)
    here = sum(row.field in drawn.members for row in cone.reached)
    return words.many(count, "column") + (f", {here:,} of them drawn here" if here < count else "")


_STYLE = (
    "<style>.facts h3{font-size:1.15rem!important;margin:0;padding:0;overflow-wrap:anywhere}"
    ".facts p{margin:.15rem 0;font-size:.9rem;overflow-wrap:anywhere}"
    ".facts .soft{font-size:.8rem;opacity:.84}.facts dl{margin-top:.5rem}"
    ".facts .tag{font-size:.7rem;border:1px solid currentcolor;border-radius:4px;padding:0 4px}"
    "</style>"
)


def _links(estate: lineage.Workspace, subject: Subject, label: str) -> None:
    of = "column" if isinstance(subject, FieldId) else "table"
    dataset = subject.dataset if isinstance(subject, FieldId) else subject
    with st.container(horizontal=True, gap="small"):
        links_to.impact(subject, f"drop_{of}", "May I drop it?")
        links_to.changes(label, "Why is it wrong?")
        links_to.catalog(estate.label(dataset), "In the catalog")


def picked(estate: lineage.Workspace, drawn: Scene) -> int:
    """Return the line of the edge that was clicked; -1 if there is none."""
    one, other = _ends(estate)
    if isinstance(one, FieldId) and isinstance(other, FieldId):
        return drawn.line(one, other)
    return -1


def _ends(estate: lineage.Workspace) -> tuple[Subject | None, Subject | None]:
    """Return what the edge in the address joins, if there are such."""
    one, found, other = address.get("edge").partition(">")
    try:
        return (estate.resolve(one), estate.resolve(other)) if found else (None, None)
    except lineage.LineageError:
        return (None, None)


def _edges(estate: lineage.Workspace, subject: Subject) -> None:
    """Show the SQL of the edge that was clicked, or of those that lead into the column."""
    one, other = _ends(estate)
    if one is not None and other is not None:
        edges = estate.edges_between(one, other)
        st.write("**This edge**")
        if not edges:
            st.caption(f"{estate.label(one)} → {estate.label(other)} is not there at this instant")
    else:
        found = estate.upstream(subject, depth=1).edges
        edges = tuple(edge for edge in found if edge.direct)
        bent = sorted({estate.label(edge.source) for edge in found if not edge.direct})
        if bent:
            st.caption(f"Influenced by {', '.join(bent[:6])}{' …' if len(bent) > 6 else ''}")  # noqa: PLR2004 - a line of them
        edges = edges or found[:1]
        if edges:
            st.write("**What leads to it**")
    shown: set[lineage.JobId] = set()
    for edge in edges[:4]:
        ends = f"{estate.label(edge.source)} → {estate.label(edge.target)}"
        how = f"<b>{escape(words.transformations(edge))}</b> · {edge.basis.value.lower()}"
        where = f"<br>{escape(words.place(edge.evidence[0]))}" if edge.evidence else ""
        st.html(
            "<div style='font-size:.85rem;overflow-wrap:anywhere'>"
            f"{escape(ends)}<br>{how}{where}</div>"
        )
        if edge.job is None or edge.job in shown:
            continue
        shown.add(edge.job)
        statement = estate.statement(edge.job)
        if statement.sql:
            sql = statement.sql
            made = [one for one in edges[:4] if one.job == edge.job]
            st.html(
                words.marked(sql, [span for one in made for span in spans.of(estate, one, sql)])
            )
        else:
            st.caption(f"by {edge.job.name}; {statement.note or 'its SQL is not known'}")


def _ways(estate: lineage.Workspace) -> None:
    """List the ways between the two columns that were chosen."""
    text = address.get("path")
    if ">" not in text:
        return
    one, _, other = text.partition(">")
    try:
        start, end = estate.resolve(one), estate.resolve(other)
        ways = estate.paths(start, end) or estate.paths(end, start)
    except lineage.LineageError as error:
        st.warning(str(error))
        return
    many = "at least " if len(ways) >= _WAYS else ""
    st.write(f"**{many}{words.many(len(ways), 'path')}** between {one} and {other}")
    for way in ways[:5]:
        st.text(" → ".join(estate.label(column) for column in way.columns))
    if st.button("Close the paths", width="stretch"):
        address.put(path=None)
        st.rerun()


_WAYS = 20
"""Ways that the engine looks for, at most."""
