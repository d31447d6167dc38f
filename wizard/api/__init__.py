"""The engine over HTTP: the same verbs, for those who do not sit at a terminal.

- Everything but ``/healthz`` and ``/readyz`` needs a token; what it allows is decided in one place
  (``callers``), before a body is read.
- Argon2 and conversions run in other processes (``pool``), admitted against a memory budget, so a
  status is answered at once whatever else is under way.
- A secret is in a body or a sealed receipt, never in a path, a query, a log, a metric or an error.
- The web framework is imported by ``serve`` alone.
"""
