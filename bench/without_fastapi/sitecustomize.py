"""Python imports this first where its folder is on the path: there is no FastAPI for the process.

The baseline needs FastAPI; who runs lyftr has none. dependency-injector imports it wherever it is
installed, which takes longer than the whole of the rest of lyftr.
"""

import sys

sys.modules["fastapi"] = None  # type: ignore[assignment] # what `import` takes for a missing module
