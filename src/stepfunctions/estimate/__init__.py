"""What a run of a definition takes: transitions, events, time and money, before it runs or from one that ran."""

from stepfunctions.estimate.costs import Estimate, Measured, estimate, measured
from stepfunctions.estimate.counts import Assumptions, Counts, counts_of

__all__ = ["Assumptions", "Counts", "Estimate", "Measured", "counts_of", "estimate", "measured"]
