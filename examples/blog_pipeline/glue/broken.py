"""A Glue script that fails, to see the pipeline end in HandleFailed."""

raise SystemExit("the source is not there today")
