"""The command line: `xiangtu`, also `python -m pipelines`."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; exit code 0 done, 1 some rows returned, 2 refused with one clear line."""
    # Nothing here multiplies matrices; the threads that numpy would start for it only spin.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Starting makes many objects and no rubbish, which Python would look for every 700 of them.
    # What is left at the end goes with the process, and need not be looked through either.
    gc.set_threshold(20_000)
    atexit.register(gc.freeze)
    from pipelines.commands import parse

    arguments = parse(list(sys.argv[1:] if argv is None else argv))
    from pipelines.console import Console

    console = Console(arguments.lang)
    try:
        return int(arguments.run(arguments, console) or 0)
    except KeyboardInterrupt:
        console.error("interrupted")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return console.failure(error)


if __name__ == "__main__":
    sys.exit(main())
