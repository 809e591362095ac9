"""The timeline ("Belegung", mission E3): who has what when, per category and per article, from the course of stock.

`windows` are the stretches of the calendar that a page shows, `lanes` what is free in them, `bars` who has it,
`changes` the same as a table, `proof` how one figure comes about. What is free comes from
`inventory.availability`, like everywhere; here it is only laid out.
"""
