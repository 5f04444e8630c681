"""The command line: thin commands over the library. Exit codes are in :mod:`stepfunctions.cli.main`."""
