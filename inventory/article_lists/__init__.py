"""Lists of articles that come as a file and leave as one (mission E4): CSV and Excel workbooks, up to a million lines.

`columns` says what a list may hold, `cells` how one cell reads, `exporting` writes what importing understands.
"""
