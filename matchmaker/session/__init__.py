"""The docking session: who should come, who should meet, when and where, and what is proven of it."""

from __future__ import annotations

from matchmaker.session.plan import Candidates, Certificate, Change, Meeting, Plan, Waiting
from matchmaker.session.session import Delegation, Interpreter, Party, Pin, Room, Session, Veto, Wish

__all__ = [
    "Candidates",
    "Certificate",
    "Change",
    "Delegation",
    "Interpreter",
    "Meeting",
    "Party",
    "Pin",
    "Plan",
    "Room",
    "Session",
    "Veto",
    "Waiting",
    "Wish",
]
