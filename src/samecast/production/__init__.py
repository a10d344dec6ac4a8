"""Durable production: shots made by workers that may die at any moment, on one machine or many. On DBOS.

`DurableProduction` is the way in; it implements `ports.Production`.
"""

from samecast.production.presence import Lookout, this_machine
from samecast.production.station import DurableProduction
from samecast.production.workflows import Steps

__all__ = ["DurableProduction", "Lookout", "Steps", "this_machine"]
