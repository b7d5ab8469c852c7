"""Life's mess: what makes a real company's exports harder than a textbook's."""

from simulator.mess.counts import Count, count_table
from simulator.mess.switches import EVERY_MESS, NO_MESS, USUAL_MESS, Mess

__all__ = ["EVERY_MESS", "NO_MESS", "USUAL_MESS", "Count", "Mess", "count_table"]
