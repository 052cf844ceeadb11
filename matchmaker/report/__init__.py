"""What people take away from a docking session: a workbook, a timetable to print, and calendars."""

from __future__ import annotations

from matchmaker.report.folder import write_all

__all__ = ["write_all"]
