"""Changes: what differs between two instants, and what changed upstream before it broke."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import streamlit as st

import lineage
from app import address, opened, words
from lineage import DatasetId, FieldId


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    st.title("What changed?", anchor=False)
    moments = _moments(estate)
    if not moments:
        st.info(
            "Nothing here has a time: what was read is files, not events. Ingest events, or "
            "artifacts of several days, into a store to compare days."
        )
        return
    before, after = st.tabs(["It broke: what changed upstream?", "Two instants compared"])
    with before:
        _blame(estate, moments)
    with after:
        _diff(estate, moments)


def _moments(estate: lineage.Workspace) -> list[datetime]:
    times = {run.at for run in estate.snapshot.runs.values()}
    times |= {
        known.updated_at
        for known in estate.snapshot.datasets.values()
        if known.updated_at is not None
    }
    times |= {edge.first_seen for edge in estate.snapshot.edges if edge.first_seen is not None}
    return sorted(times)


def _instant(text: str, otherwise: datetime) -> datetime | None:
    if not text:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        st.warning(f"{text} is no time; write it like 2024-05-01 02:34+00:00.")
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _blame(estate: lineage.Workspace, moments: list[datetime]) -> None:
    names = opened.labels(estate)
    asked = address.get("broken")
    if asked and asked not in names:
        names = [asked, *names]
    left, right = st.columns([3, 2])
    with left:
        text = st.selectbox(
            "What is wrong",
            names,
            placeholder="churn_score",
            index=names.index(asked) if asked in names else None,
            accept_new_options=True,
        )
    with right:
        moment = st.text_input(
            "Since when", value=address.get("at"), placeholder=moments[-1].isoformat(" ", "minutes")
        )
    address.put(broken=text, at=moment)
    at = _instant(moment, moments[-1])
    if not text or at is None:
        return
    try:
        found = estate.blame(estate.resolve(text), at)
    except lineage.LineageError as error:
        st.warning(str(error))
        return
    st.caption(f"{found.columns} columns in {found.datasets} datasets upstream were looked at")
    if not found.culprits:
        st.success("Nothing upstream is known to have changed before that.")
    for culprit in found.culprits[:50]:
        subject = culprit.subject
        name = (
            subject.name if not isinstance(subject, FieldId | DatasetId) else estate.label(subject)
        )
        st.write(
            f"**{culprit.at:%Y-%m-%d %H:%M}** · {culprit.kind.value} · `{name}` · "
            f"{culprit.hops} hops upstream"
        )
        st.text(culprit.message)
        if culprit.path:
            st.caption(" → ".join(estate.label(column) for column in culprit.path))
        details = [", ".join(culprit.owners), words.place(culprit.location)]
        st.caption(" · ".join(filter(None, details)))
    if found.without_history:
        hidden = ", ".join(estate.label(id_) for id_ in found.without_history[:8])
        st.warning(f"Nobody recorded changes of {hidden}: they are not cleared of suspicion.")


def _diff(estate: lineage.Workspace, moments: list[datetime]) -> None:
    days = sorted({moment.date().isoformat() for moment in moments})
    left, right = st.columns(2)
    with left:
        one = st.text_input("From", value=address.get("from"), placeholder=days[0])
    with right:
        other = st.text_input("To", value=address.get("to"), placeholder="now")
    address.put(**{"from": one, "to": other})
    start, end = _instant(one, moments[0]), _instant(other, moments[-1])
    if start is None or end is None:
        return
    found = estate.at(start).diff(estate.at(end) if other else estate)
    counted = Counter((item.aspect.value, item.act.value) for item in found.differences)
    st.caption(
        " · ".join(f"{number} {aspect} {act}" for (aspect, act), number in sorted(counted.items()))
        or "nothing differs"
    )
    st.dataframe(
        [
            {
                "what": item.aspect.value,
                "how": item.act.value,
                "subject": _named(item),
                "before": item.before or "",
                "after": item.after or "",
            }
            for item in found.differences
        ],
        hide_index=True,
        width="stretch",
    )


def _named(item: lineage.Difference) -> str:
    subject = item.subject
    if isinstance(subject, FieldId):
        return f"{subject.dataset.name}.{subject.name}"
    if isinstance(subject, DatasetId):
        return subject.name
    return getattr(subject, "name", None) or str(subject)
