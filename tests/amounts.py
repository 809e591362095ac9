"""How much a test does in every run, and how to ask for more when there is time: NAME=number ./dev test …"""

import os


def amount(name: str, usual: int) -> int:
    """`usual`, unless the environment variable `name` says another number."""
    return int(os.environ.get(name, usual))
