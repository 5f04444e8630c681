"""How an expression has a value: paths, intrinsic functions, payload templates, reference paths, choice tests.

Everything is compiled once, when a definition is loaded, into closures over a :class:`~.scope.Scope`;
running a state only calls them. :mod:`stepfunctions.query.language` is the door for the engine.
"""
