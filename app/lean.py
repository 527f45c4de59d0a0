"""What starting and running need not cost. Imported before everything else, by `app/__main__.py` only.

Importing makes half a million objects that stay; looking for garbage among them took 0.2 s of CPU. And HTTPX loads Rich
and Pygments, where they are installed, for a command line of its own that nobody runs here: 0.1 s. The threads of a matrix
product wait for each other by spinning: on two busy cores, learning that takes a second took over ten minutes.
"""

import gc
import os
import sys

RARELY = (20_000, 20, 20)
"""New objects before garbage is looked for. Of the thousands a post makes hardly any are garbage in circles: to look
every 700 took a tenth of its CPU."""

gc.disable()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # read when NumPy is loaded
    os.environ.setdefault(variable, "1")  # noqa: TID251 - for libraries; it is no setting of ours
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how Python spells “not to be imported”


def loaded() -> None:
    """All is imported: what is here stays, and from now on garbage is collected again."""
    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()
