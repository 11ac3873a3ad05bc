"""Changes: what differs between two instants, and what changed upstream before it broke."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from html import escape

import streamlit as st

import lineage
from app import address, links_to, moments, opened, question, words
from app.ask import ask
from lineage import DatasetId, FieldId, RunState

TABS = ("It broke: what changed upstream?", "Two instants compared")
LISTED = 60
_SIGNS = {"schema": "◆ schema", "sql": "✎ SQL", "run": "✖ run"}


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    st.title("What changed?", anchor=False)
    known = moments.of(estate)
    if not known:
        st.info(
            "Nothing here has a time: what was read is files, not events. Ingest events, or "
            "artifacts of several days, into a store to compare days."
        )
        return
    part = address.held("tab", address.one_of("tab", TABS), TABS[0])
    before, after = st.tabs(TABS, key=part.key, on_change=part.write)
    if before.open:
        with before:
            _blame(estate, known)
    if after.open:
        with after:
            _diff(estate, known)


def _instant(text: str, otherwise: datetime) -> datetime | None:
    if not text:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        st.warning(f"{text} is no time; write it like 2024-05-01 02:34+00:00.")
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# ---- what broke it -------------------------------------------------------------------------


def _blame(estate: lineage.Workspace, known: list[datetime]) -> None:
    left, right, last = st.columns([4, 2, 2], vertical_alignment="bottom")
    with left:
        ask(
            estate,
            lambda text: _asked(estate, text),
            key="ask changes",
            label="What is wrong",
            value=address.get("broken"),
            hint="churn_score",
        )
    seen, ever = address.held("at", address.get("at")), address.flag("ever")
    moment = right.text_input(
        "Seen at",
        placeholder=known[-1].isoformat(" ", "minutes"),
        key=seen.key,
        on_change=seen.write,
    )
    every = last.toggle("Since ever", help=_EVER, key=ever.key, on_change=ever.write)
    text, at = address.get("broken"), _instant(moment, known[-1])
    if not text or at is None:
        if at is not None:
            st.info("Name the column or table that is wrong.")
        return
    try:
        subject = estate.resolve(text)
        found = estate.blame(subject, at)
    except lineage.LineageError as error:
        st.warning(str(error))
        return
    _told(estate, subject, found, None if every else _good(estate, subject, at))


_EVER = "Else only what happened after the last run that wrote it and did not fail."


def _asked(estate: lineage.Workspace, text: str) -> None:
    try:
        place = question.place(estate, text)
    except lineage.LineageError:
        address.put(broken=text)
        return
    name = place.query.get("broken") or place.query.get("column")
    if name and "path" not in place.query:
        address.put(broken=name)
    else:
        links_to.go(place)


def _good(estate: lineage.Workspace, subject: FieldId | DatasetId, at: datetime) -> datetime | None:
    """Return when it was last written by a run that completed, before it was seen to be wrong."""
    dataset = subject.dataset if isinstance(subject, FieldId) else subject
    writers = {job.id for job in estate.snapshot.jobs.values() if dataset in job.outputs}
    done = [
        run.at
        for run in estate.snapshot.runs.values()
        if run.job in writers and run.state is RunState.COMPLETE and run.at < at
    ]
    return max(done, default=None)


def _told(
    estate: lineage.Workspace,
    subject: FieldId | DatasetId,
    found: lineage.Blame,
    since: datetime | None,
) -> None:
    culprits = [one for one in found.culprits if since is None or one.at > since]
    window = (
        f"since it was last written well, {since:%a %d %b %H:%M} UTC" if since else "since ever"
    )
    st.caption(
        f"{words.many(found.columns, 'column')} in {words.many(found.datasets, 'dataset')} "
        f"upstream looked at, {window} · "
        f"{len(culprits)} of {words.many(len(found.culprits), 'change')}"
    )
    if not culprits:
        st.success("Nothing upstream is known to have changed in that time.")
    else:
        first = min(culprits, key=lambda one: (one.at, one.kind.value != "schema"))
        st.subheader(
            f"It began {first.at:%a %d %b %H:%M}: {_name(estate, first)}: {first.message}",
            anchor=False,
        )
        kinds = st.pills(
            "Kinds of change",
            list(_SIGNS),
            selection_mode="multi",
            format_func=_SIGNS.__getitem__,
            label_visibility="collapsed",
        )
        listed = [one for one in culprits if not kinds or one.kind.value in kinds]
        st.html(_timeline(estate, listed[:LISTED]))
        if len(listed) > LISTED:
            st.caption(f"shown {LISTED} of {len(listed)}")
    links_to.column(estate.label(subject))
    if found.without_history:
        hidden = ", ".join(estate.label(id_) for id_ in found.without_history[:8])
        st.warning(f"Nobody recorded changes of {hidden}: they are not cleared of suspicion.")


def _name(estate: lineage.Workspace, culprit: lineage.Culprit) -> str:
    subject = culprit.subject
    if isinstance(subject, FieldId | DatasetId):
        try:
            return estate.label(subject)
        except lineage.LineageError:  # it is gone by now
            return subject.name
    return subject.name.rsplit(".", 1)[-1]


def _timeline(estate: lineage.Workspace, culprits: list[lineage.Culprit]) -> str:
    """Return the changes, latest first, as a list along a line of time."""
    rows = []
    day = ""
    for one in culprits:
        if f"{one.at:%A %d %B %Y}" != day:
            day = f"{one.at:%A %d %B %Y}"
            rows.append(f"<li class='day'>{day}</li>")
        way = " → ".join(_short(estate, column) for column in one.path)
        details = " · ".join(
            filter(
                None,
                [f"{one.hops} hops upstream", ", ".join(one.owners), words.place(one.location)],
            )
        )
        rows.append(
            f"<li class='{one.kind.value}'><time>{one.at:%H:%M}</time>"
            f"<b>{_SIGNS[one.kind.value]}</b><code>{escape(_name(estate, one))}</code>"
            f"<span>{escape(one.message)}</span>"
            f"<small>{escape(details)}{'<br>' + escape(way) if way else ''}</small></li>"
        )
    return f"{_STYLE}<ol class='timeline' aria-label='Changes, latest first'>{''.join(rows)}</ol>"


def _short(estate: lineage.Workspace, column: FieldId | DatasetId) -> str:
    try:
        return estate.label(column)
    except lineage.LineageError:
        return column.name


_STYLE = (
    "<style>ol.timeline{list-style:none;margin:0 0 0 .4rem;padding:0 0 0 1.1rem;"
    "border-left:2px solid rgba(128,128,128,.45)}"
    "ol.timeline li{position:relative;margin:0 0 .55rem;font-size:.9rem;display:flex;"
    "flex-wrap:wrap;gap:.1rem .6rem;align-items:baseline;overflow-wrap:anywhere}"
    "ol.timeline li:not(.day)::before{content:'';position:absolute;left:-1.52rem;top:.35rem;"
    "width:.65rem;height:.65rem;border-radius:50%;background:currentcolor;opacity:.75}"
    "ol.timeline li.schema::before{border-radius:0;transform:rotate(45deg)}"
    "ol.timeline li.sql::before{border-radius:0}"
    "ol.timeline li.day{font-weight:600;margin-top:.4rem}"
    "ol.timeline time{font-variant-numeric:tabular-nums;font-weight:600}"
    "ol.timeline small{flex-basis:100%;opacity:.84;font-size:.8rem}</style>"
)


# ---- two instants --------------------------------------------------------------------------


def _diff(estate: lineage.Workspace, known: list[datetime]) -> None:
    day = timedelta(days=1)
    start_at = max((one for one in known if known[-1] - one >= day), default=known[0])
    offered = moments.offered(known)
    left, right = st.columns(2)
    start = moments.slider(left, "From", offered, "from", start_at)
    end = moments.slider(right, "To", offered, "to", known[-1])
    with st.spinner("Reading both …"):
        found = opened.at(estate, start).diff(opened.at(estate, end))
    differences = [item for item in found.differences if not _respelt(item)]
    counted = Counter((item.aspect.value, item.act.value) for item in differences)
    respelt = len(found.differences) - len(differences)
    st.caption(
        " · ".join(
            f"{words.many(number, _NOUNS.get(aspect, aspect))} {act}"
            for (aspect, act), number in sorted(counted.items())
        )
        or "nothing differs"
    )
    if respelt:
        st.caption(f"{words.many(respelt, 'type')} only spelled otherwise: left out.")
    signs = {"added": "+ added", "removed": "- removed", "changed": "~ changed"}
    rows = [
        {
            "how": signs[item.act.value],
            "what": item.aspect.value,
            "subject": _named(item),
            "before": item.before or "",
            "after": item.after or "",
        }
        for item in differences
    ]
    # What a person would see first: columns and tables before the edges that follow from them.
    order = ["dataset", "field", "type", "nullable", "order", "sql", "job", "edge"]
    rows.sort(key=lambda row: order.index(row["what"]))
    words.table(rows, "Differences", "changes.csv")


_NOUNS = {
    "field": "column",
    "nullable": "null rule",
    "order": "column order",
    "sql": "statement",
    "edge": "column edge",
}
"""What an aspect is called where several are counted."""


def _respelt(item: lineage.Difference) -> bool:
    """Return whether a type differs in letter case and spaces only: producers vary in these."""
    before, after = ("".join((text or "").split()).lower() for text in (item.before, item.after))
    return item.aspect is lineage.Aspect.TYPE and before == after


def _named(item: lineage.Difference) -> str:
    subject = item.subject
    if isinstance(subject, FieldId):
        return f"{subject.dataset.name}.{subject.name}"
    if isinstance(subject, lineage.Flow):
        return f"{_end(subject.source)} → {_end(subject.target)}"
    return subject.name


def _end(end: object) -> str:
    if isinstance(end, FieldId):
        return f"{end.dataset.name}.{end.name}"
    return str(getattr(end, "name", end))
