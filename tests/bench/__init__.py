"""Figures for `./dev bench`: one module each, measured side by side and printed for a person to judge.

`installations` says on what, `catalogue` with which data, `side_by_side` how, `rows` what becomes of it; nothing here
is a test.
"""
