"""SQL text in, bound columns and edges out. The only room that knows sqlglot."""
