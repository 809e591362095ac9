"""The partner protocol as another vendor would build it: from docs/protocol.md and the RFCs named there, on Python's
standard library and `cryptography`, with nothing of the product. Read it as a model, or run it as a partner.

codes       pairing code and safety number (§1)
signatures  HTTP message signatures, exactly the profile (§3)
strict      JSON and field rules (§4)
orders      order document, money and states (§4, §7)
store       what one company keeps: articles, connections, orders
gate        the checks in front of every endpoint, in their order (§3)
routes      the endpoints (§4)
server      a complete little server, with named faults to switch on for whoever tests a test
probes      questions, honest and dishonest; promises: what the page has answered to each
client      the calls of both roles, every answer verified
"""
