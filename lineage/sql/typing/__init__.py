"""Types of expressions, judged as the engine of a dialect judges them.

    system = type_system("duckdb")
    system.operator("+", ("INTEGER", "DECIMAL(10,2)"))     # Typed("DECIMAL(13,2)")
    system.call("upper", ("INTEGER",))                     # Typed(None, "No function matches …")
    system.combine("coalesce", ("INTEGER", None))          # Typed(None, None, "… not known")

A type is a string, written as the engine prints it (``DECIMAL(10,2)``, ``STRUCT(a INTEGER)``,
``INTEGER[]``), so that it can be a key. Literals have types of their own, because engines treat
them so: DuckDB's ``INTEGER_LITERAL(5)`` and ``STRING_LITERAL``; ``"NULL"`` (with its quotes, as
DuckDB prints it; ``NULL`` is understood too) is the type of ``NULL``. `TypeSystem.concrete` says
what remains of them in an output column; every answer that is not about a literal is concrete.
A lambda argument is passed as the type of its body, which is found with the help of
`TypeSystem.lambda_parameters`.

``None`` for an argument means that its type is not known; then the answer is given if it cannot
matter, and otherwise is unknown, never an error.

Kinds of `TypeSystem.combine`: ``union`` (also EXCEPT, INTERSECT), ``values``, ``case``,
``coalesce`` give the common type, ``list`` (array constructor) a list of it; ``equal`` (``=``,
``<>``, IS DISTINCT FROM, simple CASE, USING), ``compare`` (``<`` and its like), ``in``,
``in_subquery`` (also ANY and ALL) and ``between`` give BOOLEAN or the error.
"""

from __future__ import annotations

from lineage.sql.typing.dialects import type_system
from lineage.sql.typing.typed import Typed, TypeSystem

__all__ = ["TypeSystem", "Typed", "type_system"]
