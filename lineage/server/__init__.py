"""The answers of the workspace over HTTP, and a receiver of OpenLineage events."""
