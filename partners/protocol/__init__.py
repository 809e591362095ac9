"""The partner protocol, version 1, in plain Python: no Django, no clock, no network.

`now` is always an aware datetime; what is random is an argument. Needs `cryptography` and,
of this project, only the pure modules `eventworx.periods` and `eventworx.money`.
"""
