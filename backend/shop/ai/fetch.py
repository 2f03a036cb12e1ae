"""`python -m shop.ai.fetch`: fetch the model once; afterwards everything works offline."""

from __future__ import annotations

import sys

from shop.ai import ModelError, weights


def main() -> int:
    """Return 0 when the model is there, 1 after a sentence that says why not."""
    try:
        fetched = weights.fetch()
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The model {weights.MODEL} {'was fetched' if fetched else 'is there'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
