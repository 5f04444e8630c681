"""``python -m stepfunctions.cli``: the command line without its script."""

from stepfunctions.cli.main import main

main()
