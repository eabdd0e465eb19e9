"""Runs experiments: the runner and its worker processes, runs, their viewers, and sessions of pages."""

from app.engine.engine import Engine
from app.engine.limits import Limits
from app.engine.pool import Pool
from app.engine.session import Session

__all__ = ["Engine", "Limits", "Pool", "Session"]
