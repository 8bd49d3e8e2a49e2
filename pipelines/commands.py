"""The commands and their options; what a command needs is imported only when it runs."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from pipelines.misuse import Arguments, Misuse, language

LEVELS = ("county", "township", "village", "zone", "province")
FORMATS = ("table", "csv", "json", "geojson")


def _lazy(name: str) -> Any:
    """The function `module:function` of this package, imported when it is called."""

    def run(arguments: argparse.Namespace, console: Any) -> Any:
        module, function = name.split(":")
        return getattr(import_module(f"pipelines.{module}"), function)(arguments, console)

    return run


class _Unasked:
    """Stands for the options of a command that was not asked for."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_told, **_how: self


def parse(argv: list[str]) -> argparse.Namespace:
    """The arguments of one command line; prints help or usage and exits as argparse does (2 for misuse)."""
    asked = argv[2:3] if argv[:1] == ["--lang"] else argv[:1]
    try:
        return parser(*asked).parse_args(argv)
    except Misuse as wrong:
        print(wrong.words(language(argv)), file=sys.stderr)
        raise SystemExit(2) from None


def parser(asked: str | None = None) -> argparse.ArgumentParser:
    """Every command with its options: the contract that scripts depend on.

    asked: the one command that is needed, where it is known; when no command is called so, all are there.
    """
    common = Arguments(add_help=False)
    common.add_argument("--lang", choices=("zh", "en"), default="zh", help="语言 / language")
    top = Arguments(
        prog="xiangtu", description="乡图：一县一图 / the county's one map of rural governance", parents=[common]
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: str, words: str) -> Any:
        if asked not in (None, name):
            return _Unasked()
        one = commands.add_parser(name, help=words, description=words, parents=[_common()])
        one.set_defaults(run=_lazy(run))
        return one

    _workspace_commands(command)
    _file_commands(command)
    _figure_commands(command)
    _ledger_commands(command)
    _service_commands(command)
    return top if commands.choices else parser()


def _common() -> Arguments:
    """`--lang` after the command, without overruling one given before it."""
    one = Arguments(add_help=False)
    one.add_argument("--lang", choices=("zh", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return one


def _workspace_commands(command: Any) -> None:
    demo = command("demo", "workspace_commands:demo", "造一个虚构县的工作区 / make an invented county's workspace")
    demo.add_argument("dir", type=Path, metavar="DIR")
    demo.add_argument("--parcels", type=_count, default=30_000, metavar="N", help="承包地块数 / contract parcels")
    demo.add_argument("--abandoned", type=_count, metavar="N", help="撂荒地块数，约 / abandoned parcels, about")
    demo.add_argument("--seed", type=int, default=7, metavar="S")
    new = command("new", "workspace_commands:new", "新建空工作区 / an empty workspace")
    new.add_argument("dir", type=Path, metavar="DIR")
    new.add_argument("--county", required=True, metavar="CODE", help="六位县级代码 / 6-digit code")
    new.add_argument("--name", required=True, metavar="NAME", help="县名 / county name")


def _reading_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--layer", metavar="L", help="图层 / layer")
    one.add_argument("--crs", metavar="EPSG", help="坐标系，如 4490 或 EPSG:4523 / CRS of the file")
    one.add_argument("--encoding", metavar="E", help="文字编码，如 gb18030 / text encoding")
    one.add_argument("--sheet", metavar="S", help="工作表或文件内图层名 / sheet or layer inside the file")
    one.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="字段=列名，可多次 / override a column match",
    )
    one.add_argument("--report", type=Path, metavar="R.json", help="写出报告 / write the report")


def _file_commands(command: Any) -> None:
    add = command("add", "file_commands:add", "读入、落图、检查、入库 / read, place, check, store")
    add.add_argument("dir", type=Path, metavar="DIR")
    add.add_argument("files", nargs="+", type=Path, metavar="FILE")
    _reading_options(add)
    add.add_argument(
        "--sender", metavar="NAME", help="报送单位：记住并沿用其列对应 / remember this sender's columns"
    )
    add.add_argument("--again", action="store_true", help="即使已读入也重读 / take in even if taken before")
    add.add_argument("--at", metavar="YYYY-MM-DD", help="按此日期入库 / date of arrival")
    check = command("check", "file_commands:check", "只检查不入库 / as add, storing nothing")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--dir", type=Path, metavar="DIR", help="借用此工作区的区划 / use this workspace's areas")
    _reading_options(check)
    layers = command("layers", "file_commands:layers", "列出图层及其字段 / list layers and their fields")
    layers.add_argument("dir", type=Path, nargs="?", metavar="DIR")


def _figure_commands(command: Any) -> None:
    run = command("run", "figure_commands:run", "重算有变化的部分 / join and summarise what changed")
    run.add_argument("dir", type=Path, metavar="DIR")
    run.add_argument("--executor", choices=("local", "dask"), default="local", help="在何处计算 / where to work")
    run.add_argument("--scheduler", metavar="ADDRESS", help="dask 调度器地址，如 tcp://主机:8786 / its address")
    progress = command("progress", "figure_commands:progress", "按区域看进度 / progress by area")
    progress.add_argument("dir", type=Path, metavar="DIR")
    progress.add_argument("--layer", required=True, metavar="L")
    progress.add_argument("--by", required=True, choices=LEVELS)
    progress.add_argument("--as-of", metavar="YYYY-MM-DD")
    _as_shown(progress)
    progress.add_argument("--split", metavar="FIELD", help="再按字段分，如 category、stage / also by a field")
    progress.add_argument("--format", choices=FORMATS, default="table")
    spots = command("hotspots", "figure_commands:hotspots", "点位热点 / hot spots of points")
    spots.add_argument("dir", type=Path, metavar="DIR")
    spots.add_argument("--layer", default="inspection_point", metavar="L")
    spots.add_argument("--as-of", metavar="YYYY-MM-DD")
    spots.add_argument("--seed", type=int, default=7, metavar="S")
    spots.add_argument("--format", choices=FORMATS, default="table")
    show = command("show", "figure_commands:show", "列出图层的行 / rows of a layer, with state and history")
    show.add_argument("dir", type=Path, metavar="DIR")
    show.add_argument("--layer", required=True, metavar="L")
    show.add_argument("--id", metavar="ID")
    show.add_argument("--area", metavar="CODE", help="只看此区域 / only within this area")
    show.add_argument("--as-of", metavar="YYYY-MM-DD")
    _as_shown(show)
    show.add_argument("--format", choices=FORMATS, default="table")


def _as_shown(one: argparse.ArgumentParser) -> None:
    words = "当日所见：不计此后才入库、登记的 / as shown then, without what came in later"
    one.add_argument("--as-shown", action="store_true", help=words)


def _ledger_commands(command: Any) -> None:
    act = command("act", "ledger_commands:act", "记一步台账 / one ledger event")
    act.add_argument("dir", type=Path, metavar="DIR")
    act.add_argument("--layer", required=True, metavar="L")
    act.add_argument("--id", required=True, metavar="ID")
    act.add_argument("--to", required=True, metavar="STAGE")
    act.add_argument("--by", required=True, metavar="ACTOR")
    act.add_argument("--note", metavar="T")
    act.add_argument("--photo", type=Path, action="append", metavar="F", help="照片，可多次 / a photo, repeatable")
    act.add_argument("--base-version", type=int, metavar="N", help="看到的版本 / the version on your screen")
    act.add_argument("--at", metavar="TIME", help="当时的时间，如 2024-06-30T09:30（补记） / when it was done")
    _desk_commands(command)
    _schedule_command(command)
    audit = command("audit", "ledger_commands:audit", "核对台账链 / verify the ledger's chain")
    audit.add_argument("dir", type=Path, metavar="DIR")
    audit.add_argument("--format", choices=("table", "json"), default="table")
    backup = command(
        "backup", "ledger_commands:backup", "备份工作区，可在运行中 / copy the workspace while it serves"
    )
    backup.add_argument("dir", type=Path, metavar="DIR")
    backup.add_argument("file", type=Path, metavar="FILE.tar")
    restore = command("restore", "ledger_commands:restore", "从备份恢复并核对 / make a workspace of a backup")
    restore.add_argument("file", type=Path, metavar="FILE.tar")
    restore.add_argument("dir", type=Path, metavar="DIR")
    restore.add_argument("--ledger-url", metavar="URL", help="台账放入此 PostgreSQL / put the ledger there")
    _account_commands(command("account", "ledger_commands:account_list", "账号 / accounts"))


def _desk_commands(command: Any) -> None:
    def _about_one(name: str, words: str) -> argparse.ArgumentParser:
        one: argparse.ArgumentParser = command(name, f"desk_commands:{name}", words)
        one.add_argument("dir", type=Path, metavar="DIR")
        one.add_argument("--layer", required=True, metavar="L")
        one.add_argument("--id", required=True, metavar="ID")
        one.add_argument("--by", required=True, metavar="ACTOR")
        return one

    edit = _about_one("edit", "改字段，记入台账 / set fields of a thing, as an event")
    edit.add_argument("--set", action="append", required=True, metavar="FIELD=VALUE", help="可多次 / repeatable")
    edit.add_argument("--base-version", type=int, metavar="N", help="看到的版本 / the version on your screen")
    edit.add_argument("--note", metavar="T")
    _about_one("undo", "撤回自己刚做的一步 / take back one's own last act")
    extend = _about_one("extend", "延期，须写理由 / a new last day, with the reason")
    extend.add_argument("--due", required=True, metavar="YYYY-MM-DD")
    extend.add_argument("--note", required=True, metavar="T")
    merge = _about_one("merge", "并入另一件，两边经过都保留 / say that it is the same as another thing")
    merge.add_argument("--into", required=True, metavar="OTHER")
    merge.add_argument("--note", metavar="T", help="理由，必填 / the reason, required")
    escalate = command(
        "escalate", "desk_commands:escalate", "按督办梯次处理超期 / climb the ladder for what is overdue"
    )
    lookback = command("lookback", "desk_commands:lookback", "安排回头看 / plan revisits of closed things")
    for one in (escalate, lookback):
        one.add_argument("dir", type=Path, metavar="DIR")
        one.add_argument("--layer", required=one is lookback, metavar="L")
        one.add_argument("--format", choices=("table", "csv", "json"), default="table")
    lookback.add_argument("--count", type=_count, required=True, metavar="N")
    lookback.add_argument("--seed", type=int, default=7, metavar="S", help="抽签种子 / seed of the lot")


def _schedule_command(command: Any) -> None:
    one = command("schedule", "schedule_commands:run", "倒排工期 / the schedule back from the last day")
    one.add_argument("dir", type=Path, metavar="DIR")
    one.add_argument("--layer", required=True, metavar="L")
    which = one.add_mutually_exclusive_group()
    which.add_argument("--thing", "--id", metavar="ID", help="一件：以后各阶段 / one thing: its stages ahead")
    which.add_argument("--area", metavar="CODE", help="只看此区域 / only within this area")
    one.add_argument("--by", metavar="YYYY-MM-DD", help="都要在这天前完成 / all must be done by then")
    one.add_argument("--as-of", metavar="YYYY-MM-DD")
    one.add_argument("--format", choices=("table", "csv", "json"), default="table")
    one.add_argument("--json", dest="format", action="store_const", const="json", help="= --format json")


def _account_commands(account: argparse.ArgumentParser) -> None:
    what = account.add_subparsers(dest="what", required=True, metavar="add|reset|disable|enable|list")
    add = what.add_parser("add", help="新建账号 / add an account", parents=[_common()])
    add.set_defaults(run=_lazy("ledger_commands:account_add"))
    add.add_argument("--role", required=True, metavar="ROLE")
    add.add_argument("--unit", default="", metavar="UNIT", help="单位 / unit")
    add.add_argument("--area", default="", metavar="CODE", help="辖区代码 / code of its area")
    add.add_argument("--layers", default="", metavar="L,L", help="部门负责的图层 / a bureau's layers")
    changes = [add]
    for name, words in (
        ("reset", "重发首次密码 / a new first password"),
        ("disable", "停用账号 / close an account"),
        ("enable", "重新启用账号 / open a closed account again"),
    ):
        one = what.add_parser(name, help=words, parents=[_common()])
        one.set_defaults(run=_lazy(f"ledger_commands:account_{name}"))
        changes.append(one)
    for one in changes:
        one.add_argument("dir", type=Path, metavar="DIR")
        one.add_argument("name", metavar="NAME")
        one.add_argument("--by", metavar="ACCOUNT", help="经办的管理员 / the administrator who does it")
    listing = what.add_parser("list", help="列出账号 / list accounts", parents=[_common()])
    listing.set_defaults(run=_lazy("ledger_commands:account_list"))
    listing.add_argument("dir", type=Path, metavar="DIR")
    listing.add_argument("--format", choices=("table", "json"), default="table")


def _service_commands(command: Any) -> None:
    verify = command("verify", "verify_commands:verify", "卫星核查 / satellite check")
    verify.add_argument("dir", type=Path, nargs="?", metavar="DIR")
    verify.add_argument("--scenes", type=Path, metavar="FOLDER", help="影像文件夹或时序表 / pictures or a table")
    verify.add_argument(
        "--calibrate", action="store_true", help="用标注地块校准 / calibrate from labelled parcels"
    )
    verify.add_argument("--layer", default="abandoned_parcel", metavar="L", help="核查的图层 / layer to check")
    verify.add_argument("--label", metavar="COLUMN", help="标注列 / label column of a ready-made table")
    verify.add_argument(
        "--idle", action="append", metavar="WORD", help="表示撂荒的标注，可多次 / a label that means idle"
    )
    verify.add_argument("--sample", type=_count, metavar="N", help="抽取 N 块实地核查 / draw N parcels to visit")
    verify.add_argument("--results", type=Path, metavar="FILE", help="填好的实地核查表 / the filled-in field list")
    verify.add_argument("--show", metavar="ID", help="一块地的结论 / what the latest check says of one parcel")
    verify.add_argument("--by", choices=("county", "township", "village"), default="township")
    verify.add_argument(
        "--chips", type=_count, nargs="?", const=200, metavar="N", help="存地块前后截图 / keep pictures of parcels"
    )
    verify.add_argument("--chip", action="append", metavar="ID", help="为这块地存截图 / pictures of this parcel")
    verify.add_argument("--format", choices=("table", "json"), default="table")
    serve = command("serve", "service_commands:serve", "启动看板 / the dashboards")
    serve.add_argument("dir", type=Path, metavar="DIR")
    serve.add_argument("--port", type=int, default=8501, metavar="P")
    serve.add_argument("--host", default="127.0.0.1", metavar="H")
    serve.add_argument("--certificate", type=Path, metavar="FILE", help="HTTPS 证书 / its certificate")
    serve.add_argument("--key", type=Path, metavar="FILE", help="证书的私钥 / its private key")
    bench = command("bench", "service_commands:bench", "性能测量 / measure beside other tools")
    bench.add_argument("--parcels", type=_count, default=100_000, metavar="N")
    bench.add_argument("--sizes", type=_counts, metavar="N,N,…", help="依次测几种规模 / one size after another")
    bench.add_argument("--repeats", type=_count, default=5, metavar="N", help="每项跑几遍 / runs of each way")
    bench.add_argument("--stages", type=_words, metavar="S,S,…", help="只测这些环节 / only these stages")
    bench.add_argument("--ways", type=_words, metavar="W,W,…", help="只比这些工具 / only these tools")
    bench.add_argument("--out", type=Path, metavar="FILE.json", help="结果及图 / rows, and a plot beside them")
    bench.add_argument("--compare", type=Path, metavar="OLD.json", help="与旧结果比较 / what became slower")


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]


def _counts(text: str) -> list[int]:
    return [_count(word) for word in _words(text)]


def _count(text: str) -> int:
    value = int(text.replace("_", "").replace(",", ""))
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: 要大于 0 / must be above 0")
    return value
