"""For tests of workflows: a local cloud of their own. The pytest fixture ``local_cloud`` gives one too."""

from stepfunctions.testing.cloud import ClockControl, LocalCloud

__all__ = ["ClockControl", "LocalCloud"]
