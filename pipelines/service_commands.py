"""`xiangtu serve` and `bench`."""

from __future__ import annotations

import argparse

from pipelines.console import Console


def serve(arguments: argparse.Namespace, console: Console) -> int:
    """Serve the dashboards until stopped."""
    from dashboards.server import serve as start
    from pipelines.store.machine_code import leave_to_numba
    from pipelines.workspace import Workspace

    Workspace(arguments.dir)
    leave_to_numba("server")
    start(
        arguments.dir,
        host=arguments.host,
        port=arguments.port,
        lang=console.lang,
        certificate=arguments.certificate,
        key=arguments.key,
    )
    return 0


def bench(arguments: argparse.Namespace, console: Console) -> int:
    """Measure each stage beside what is installed of its peers; 1 where ours failed, or broke a bound."""
    from pipelines.bench import ALL_STAGES, OURS, WAYS, as_table, compare, run_bench

    for asked, known, name in ((arguments.stages, ALL_STAGES, "--stages"), (arguments.ways, WAYS, "--ways")):
        unknown = sorted(set(asked or ()) - set(known))
        if unknown:
            return console.error("option_unknown", option=name, given=", ".join(unknown), known=", ".join(known))
    if arguments.compare and not arguments.compare.is_file():
        return console.error("file_missing", path=arguments.compare)
    rows = run_bench(
        arguments.sizes or [arguments.parcels],
        arguments.out,
        repeats=arguments.repeats,
        stages=arguments.stages or ALL_STAGES,
        ways=arguments.ways or tuple(WAYS),
        say=lambda line: console.say(line, line),
    )
    print(as_table(rows))
    if arguments.compare:
        print(compare(rows, arguments.compare))
    return int(any(one.way == OURS and one.status == "failed" for one in rows))
