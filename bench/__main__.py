"""`python -m bench NAME [ARGS]` runs bench/NAME.py and prints its figures as one JSON line, last.

A bench is a module with `main(argv) -> dict`. It may print what it does on the way.
"""

import importlib
import json
import pkgutil
import sys

import bench


def main(argv: list[str]) -> int:
    names = sorted(m.name for m in pkgutil.iter_modules(bench.__path__) if m.name[0] != "_")
    if not argv or argv[0] not in names:
        print(f"usage: python -m bench NAME, one of: {', '.join(names) or 'none'}", file=sys.stderr)
        return 2
    figures = importlib.import_module(f"bench.{argv[0]}").main(argv[1:])
    print(json.dumps(figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
