"""Column-level lineage: what breaks if a column changes, and what changed before it broke.

    import lineage

    estate = lineage.open("models/", dialect="duckdb")
    amount = estate.resolve("orders.amount")
    for row in estate.downstream(amount).reached:
        print(estate.label(row.field), row.hops)

Every public name is here and is imported when it is first used, so that a question that needs no
SQL parser does not wait for one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineage.analysis.blame import Blame as Blame
    from lineage.analysis.blame import Culprit as Culprit
    from lineage.analysis.blame import CulpritKind as CulpritKind
    from lineage.analysis.diff import Act as Act
    from lineage.analysis.diff import Aspect as Aspect
    from lineage.analysis.diff import Diff as Diff
    from lineage.analysis.diff import Difference as Difference
    from lineage.analysis.diff import Flow as Flow
    from lineage.errors import AmbiguousName as AmbiguousName
    from lineage.errors import BadChange as BadChange
    from lineage.errors import LineageError as LineageError
    from lineage.errors import RequestError as RequestError
    from lineage.errors import SourceError as SourceError
    from lineage.errors import StoreError as StoreError
    from lineage.errors import StoreMissing as StoreMissing
    from lineage.errors import UnknownFormat as UnknownFormat
    from lineage.errors import UnknownName as UnknownName
    from lineage.errors import UnreadableSource as UnreadableSource
    from lineage.model.answer import Cone as Cone
    from lineage.model.answer import Consumer as Consumer
    from lineage.model.answer import CoverageReport as CoverageReport
    from lineage.model.answer import Direction as Direction
    from lineage.model.answer import Extent as Extent
    from lineage.model.answer import Hit as Hit
    from lineage.model.answer import HitKind as HitKind
    from lineage.model.answer import Link as Link
    from lineage.model.answer import Opacity as Opacity
    from lineage.model.answer import Path as Path
    from lineage.model.answer import Reached as Reached
    from lineage.model.answer import Statement as Statement
    from lineage.model.answer import Stats as Stats
    from lineage.model.answer import Step as Step
    from lineage.model.change import AddColumn as AddColumn
    from lineage.model.change import Change as Change
    from lineage.model.change import ChangeSet as ChangeSet
    from lineage.model.change import DropColumn as DropColumn
    from lineage.model.change import DropTable as DropTable
    from lineage.model.change import EditStatement as EditStatement
    from lineage.model.change import RenameColumn as RenameColumn
    from lineage.model.change import RenameTable as RenameTable
    from lineage.model.change import ReorderColumns as ReorderColumns
    from lineage.model.change import RetypeColumn as RetypeColumn
    from lineage.model.change import SetNullable as SetNullable
    from lineage.model.diagnostic import Diagnostic as Diagnostic
    from lineage.model.diagnostic import Location as Location
    from lineage.model.diagnostic import Severity as Severity
    from lineage.model.edge import Basis as Basis
    from lineage.model.edge import Edge as Edge
    from lineage.model.entities import Dataset as Dataset
    from lineage.model.entities import DatasetKind as DatasetKind
    from lineage.model.entities import Field as Field
    from lineage.model.entities import Job as Job
    from lineage.model.entities import JobKind as JobKind
    from lineage.model.entities import Run as Run
    from lineage.model.entities import RunState as RunState
    from lineage.model.identity import DatasetId as DatasetId
    from lineage.model.identity import FieldId as FieldId
    from lineage.model.identity import JobId as JobId
    from lineage.model.snapshot import Counts as Counts
    from lineage.model.snapshot import Snapshot as Snapshot
    from lineage.model.transformation import Transformation as Transformation
    from lineage.model.transformation import TransformationType as TransformationType
    from lineage.model.verdict import Coverage as Coverage
    from lineage.model.verdict import Evidence as Evidence
    from lineage.model.verdict import Impact as Impact
    from lineage.model.verdict import Known as Known
    from lineage.model.verdict import SchemaDifference as SchemaDifference
    from lineage.model.verdict import Status as Status
    from lineage.model.verdict import Verdict as Verdict
    from lineage.workspace import Workspace as Workspace
    from lineage.workspace import export as export

    # The verb that a reader of `lineage.open(...)` expects; nothing here opens files itself.
    from lineage.workspace import open_workspace as open  # noqa: A004

_ROOMS = {
    "lineage.analysis.blame": ("Blame", "Culprit", "CulpritKind"),
    "lineage.analysis.diff": ("Act", "Aspect", "Diff", "Difference", "Flow"),
    "lineage.errors": (
        "AmbiguousName",
        "BadChange",
        "LineageError",
        "RequestError",
        "SourceError",
        "StoreError",
        "StoreMissing",
        "UnknownFormat",
        "UnknownName",
        "UnreadableSource",
    ),
    "lineage.model.answer": (
        "Cone",
        "Consumer",
        "CoverageReport",
        "Direction",
        "Extent",
        "Hit",
        "HitKind",
        "Link",
        "Opacity",
        "Path",
        "Reached",
        "Statement",
        "Stats",
        "Step",
    ),
    "lineage.model.change": (
        "AddColumn",
        "Change",
        "ChangeSet",
        "DropColumn",
        "DropTable",
        "EditStatement",
        "RenameColumn",
        "RenameTable",
        "ReorderColumns",
        "RetypeColumn",
        "SetNullable",
    ),
    "lineage.model.diagnostic": ("Diagnostic", "Location", "Severity"),
    "lineage.model.edge": ("Basis", "Edge"),
    "lineage.model.entities": (
        "Dataset",
        "DatasetKind",
        "Field",
        "Job",
        "JobKind",
        "Run",
        "RunState",
    ),
    "lineage.model.identity": ("DatasetId", "FieldId", "JobId"),
    "lineage.model.snapshot": ("Counts", "Snapshot"),
    "lineage.model.transformation": ("Transformation", "TransformationType"),
    "lineage.model.verdict": (
        "Coverage",
        "Evidence",
        "Impact",
        "Known",
        "SchemaDifference",
        "Status",
        "Verdict",
    ),
    "lineage.workspace": ("Workspace", "export"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", "open", *sorted(_HOMES)]  # noqa: PLE0604 - made of the table above


def __getattr__(name: str) -> object:
    """Import a public name's room when the name is first asked for."""
    found: object
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - slow, and rarely asked for

        found = version("lineage-explorer")
    elif name == "open":
        found = import_module("lineage.workspace").open_workspace
    elif name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
    else:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
