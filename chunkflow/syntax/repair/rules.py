"""The table of rules: the common ones are applied first, and most files need no other."""

from chunkflow.syntax.repair import classes, expressions, modules, names, types

COMMON = (*types.COMMON, *modules.COMMON, *expressions.COMMON)
"""What modern libraries are full of. These are right wherever they fire."""

RARE = (*types.RARE, *classes.RARE, *modules.RARE, *names.RARE, *expressions.RARE)
"""The rest. Some of these may change a word where none need be changed, to no effect."""
