"""HTTP: a receiver of OpenLineage events, and the answers of the library as JSON.

    GET  /health                      whether it lives
    POST /api/v1/lineage              one OpenLineage event, or an array of them
    POST /api/v1/lineage/batch        events as JSON lines; ?source= names where they are from
    GET  /api/v1/events               all events as JSON lines
    GET  /api/v1/snapshot             the state, ?as_of= an instant; `lineage diff` reads the same
    GET  /api/v1/stats                counts
    GET  /api/v1/search?q=            datasets, columns and jobs
    GET  /api/v1/upstream?column=     also downstream; ?depth=, ?direct=1
    POST /api/v1/impact               a change, or {"changes": […]}: the verdicts with their proof

The first path is the one that OpenLineage's HTTP transport posts to, so a producer needs no more
than OPENLINEAGE_URL. A token, where one is set, is wanted for everything but /health.
"""

from lineage.server.application import Served, application

__all__ = ["Served", "application"]
