"""The store: tables, sessions and outcomes in SQLite or Postgres, with a history in which each change can be undone."""

from __future__ import annotations

from matchmaker.store.change import Change
from matchmaker.store.outcome import Outcome
from matchmaker.store.session import LADDER, OUTCOMES, SESSION_TABLES, STORED
from matchmaker.store.store import Store

__all__ = ["LADDER", "OUTCOMES", "SESSION_TABLES", "STORED", "Change", "Outcome", "Store"]
