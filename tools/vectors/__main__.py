"""`python -m tools.vectors` writes docs/vectors anew."""

import json

from tools.environment import ROOT
from tools.vectors import VECTORS

FOLDER = ROOT / "docs" / "vectors"

FOLDER.mkdir(exist_ok=True)
for name, build in VECTORS.items():
    (FOLDER / f"{name}.json").write_text(json.dumps(build(), indent=1) + "\n", encoding="ascii")
