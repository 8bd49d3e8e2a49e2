"""The ledger's commands: act, audit, account, backup, restore."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from geo.errors import Forbidden
from geo.layers import Words
from pipelines.console import Console

if TYPE_CHECKING:
    from geo.access import Actor
    from geo.changes import Event
    from pipelines.store.ledger import Ledger


def act(arguments: argparse.Namespace, console: Console) -> int:
    """Take one step and say where the thing stands now."""
    from geo.spoken import stage_words
    from geo.steps import stage_called
    from pipelines.act import act as take
    from pipelines.days import moment
    from pipelines.workspace import Workspace

    layer, now = Workspace(arguments.dir).layer(arguments.layer), datetime.now(UTC)
    at = moment(arguments.at, now=now)
    try:
        event = take(
            arguments.dir,
            arguments.layer,
            arguments.id,
            stage_called(layer, arguments.to),
            arguments.by,
            note=arguments.note,
            photos=arguments.photo or (),
            base_version=arguments.base_version,
            now=now,
            at=at,
        )
    except Forbidden as refusal:
        return _with_ways(refusal, console)
    before, after = (stage_words(layer, one)(console.lang) for one in (event.from_stage, event.to_stage))
    when = "" if at is None else console.pick(f"，办理时间 {_clock(event)}", f", done at {_clock(event)} (China)")
    console.say(
        f"{event.feature_id}：{before} → {after}（第 {event.seq} 条，{event.hash[:12]}{when}）",
        f"{event.feature_id}: {before} → {after} (event {event.seq}, {event.hash[:12]}{when})",
    )
    for picture in event.data.get("photos", ()):
        console.say(*_picture(picture))
    if "times_here" in event.data:
        own, here = event.data["times_own"], event.data["times_here"]
        console.say(
            f"这件事第 {own} 次出现，此处（50 米内）第 {here} 次。",
            f"Time {own} for this thing, time {here} at this spot (within 50 m).",
        )
    if event.data.get("account") is False:
        from geo.access import roles

        role = roles().get(event.role, Words(event.role, event.role))
        console.say(
            f"尚未建立账号，按“{role.zh}”登记为 {event.actor}。",
            f"There are no accounts yet; recorded as {event.actor}, in the role of {role.en}.",
        )
    return 0


def _clock(event: Event) -> str:
    from geo.spoken import china_minute

    return china_minute(event.at)


def _with_ways(refusal: Forbidden, console: Console) -> int:
    """A refused step in its one line, with how the stages that it names are written after `--to`."""
    ways = refusal.params.get("ways")
    if not ways:
        return console.failure(refusal)
    zh, en = refusal.words("zh"), refusal.words("en")
    console.say(f"{zh}（--to 可写：{ways}）", f"{en} (after --to: {ways})")
    return refusal.exit_code


def _picture(facts: dict[str, object]) -> tuple[str, str]:
    """What a photo says of itself, in both languages, as facts."""
    from geo.photo_words import photo_facts

    told = photo_facts(facts)
    return "照片：" + "；".join(one.zh for one in told), "Photo: " + "; ".join(one.en for one in told)


def audit(arguments: argparse.Namespace, console: Console) -> int:
    """Prove the ledger; 0 when whole, 1 with each changed or missing thing named."""
    from pipelines.act import workspace_ledger
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir)
    ledger = workspace_ledger(workspace)
    found = ledger.audit(root=workspace.root)
    seq, last = ledger.head()
    if getattr(arguments, "format", "table") == "json":
        console.json([issue.as_dict() for issue in found])
    else:
        for issue in found:
            console.result(issue.words(console.lang))
    if found:
        console.say(f"台账有 {len(found)} 处不符。", f"The ledger differs in {len(found)} places.")
        return 1
    console.say(f"台账完整：{seq} 条，链尾 {last}。", f"The ledger is whole: {seq} events, ending in {last}.")
    return 0


def _office(arguments: argparse.Namespace) -> tuple[Ledger, Actor | None]:
    """The workspace's ledger, and the administrator that `--by` names."""
    from pipelines.act import workspace_ledger
    from pipelines.store.accounts import named_actor
    from pipelines.workspace import Workspace

    ledger = workspace_ledger(Workspace(arguments.dir))
    return ledger, named_actor(ledger, arguments.by) if arguments.by else None


def account_add(arguments: argparse.Namespace, console: Console) -> int:
    """Add an account; its first password goes to standard output, once."""
    from pipelines.store.accounts import add

    ledger, by = _office(arguments)
    password = add(
        ledger,
        arguments.name,
        role=arguments.role,
        unit=arguments.unit,
        area_code=arguments.area,
        layers=[one for one in arguments.layers.split(",") if one],
        now=datetime.now(UTC),
        by=by,
    )
    console.say(
        f"已建账号 {arguments.name}，首次密码如下，登录后必须修改：",
        f"Account {arguments.name} added; its first password, to be changed at the first sign-in:",
    )
    console.result(password)
    return 0


def account_reset(arguments: argparse.Namespace, console: Console) -> int:
    """Give an account a new first password; it goes to standard output, once."""
    from pipelines.store.accounts import reset

    ledger, by = _office(arguments)
    password = reset(ledger, arguments.name, now=datetime.now(UTC), by=by)
    console.say(
        f"账号 {arguments.name} 的新首次密码如下，登录后必须修改；原来的登录都已结束：",
        f"A new first password for {arguments.name}, to be changed at sign-in; earlier sign-ins are over:",
    )
    console.result(password)
    return 0


def account_disable(arguments: argparse.Namespace, console: Console) -> int:
    """Close an account; what it did stays."""
    from pipelines.store.accounts import disable

    ledger, by = _office(arguments)
    disable(ledger, arguments.name, now=datetime.now(UTC), by=by)
    console.say(f"已停用账号 {arguments.name}。", f"Account {arguments.name} is disabled.")
    return 0


def account_enable(arguments: argparse.Namespace, console: Console) -> int:
    """Open a closed account again, with the password it had."""
    from pipelines.store.accounts import enable

    ledger, by = _office(arguments)
    enable(ledger, arguments.name, now=datetime.now(UTC), by=by)
    console.say(
        f"已重新启用账号 {arguments.name}，密码不变；忘了密码请用 account reset。",
        f"Account {arguments.name} is open again with its old password; account reset gives a new one.",
    )
    return 0


def account_list(arguments: argparse.Namespace, console: Console) -> int:
    """Every account with its role, unit and area."""
    from geo.access import roles
    from pipelines.act import workspace_ledger
    from pipelines.desk_commands import area_names
    from pipelines.store.accounts import accounts
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir)
    rows = [
        {
            "name": a.name,
            "role": a.role,
            "unit": a.unit,
            "area_code": a.area_code,
            "layers": list(a.layers),
            "disabled": a.disabled,
            "must_change": a.must_change,
        }
        for a in accounts(workspace_ledger(workspace))
    ]
    if arguments.format == "json":
        console.json(rows)
    elif not rows:
        console.say(
            "还没有账号；先用 account add 建一个管理员。",
            "No accounts yet; add an administrator's first with account add.",
        )
    else:
        console.result(console.pick("账号\t角色\t单位\t区划", "name\trole\tunit\tarea"))
        called, places = roles(), area_names(workspace)
        for row in rows:
            closed = console.pick("（已停用）", " (disabled)") if row["disabled"] else ""
            role = called[str(row["role"])](console.lang)
            area = places.get(str(row["area_code"]), row["area_code"]) or "—"
            console.result(f"{row['name']}\t{role}\t{row['unit']}\t{area}{closed}")
    return 0


def backup(arguments: argparse.Namespace, console: Console) -> int:
    """Copy the workspace, while it serves, into one archive; 1 where the audit of what was copied finds faults."""
    from pipelines.store.backup import backup as make

    made = make(arguments.dir, arguments.file, now=datetime.now(UTC))
    console.say(
        f"已备份到 {arguments.file}：{made['events']} 条台账、{made['files']} 个文件。",
        f"Backed up to {arguments.file}: {made['events']} events, {made['files']} files.",
    )
    console.result(json.dumps(made, ensure_ascii=False))
    if made["faults"]:
        faults = made["faults"]
        console.say(
            f"注意：台账核对有 {faults} 处不符，备份里也一样；请用 xiangtu audit {arguments.dir} 逐条查看。",
            f"Beware: the ledger differs in {faults} places, and so does the backup; xiangtu audit names them.",
        )
        return 1
    return 0


def restore(arguments: argparse.Namespace, console: Console) -> int:
    """Make a workspace of a backup and prove it."""
    from pipelines.store.backup import restore as make

    made, found = make(arguments.file, arguments.dir, ledger_url=arguments.ledger_url)
    for issue in found:
        console.result(issue.words(console.lang))
    if found:
        console.say(
            f"已恢复到 {arguments.dir}，但台账有 {len(found)} 处不符。",
            f"Restored to {arguments.dir}, but its ledger differs in {len(found)} places.",
        )
        return 1
    console.say(
        f"已恢复到 {arguments.dir}，台账完整：{made['events']} 条。",
        f"Restored to {arguments.dir}; its ledger is whole: {made['events']} events.",
    )
    if arguments.ledger_url:
        console.say(
            f"请把台账的数据库地址写入 {arguments.dir}/county.toml 的 [ledger] url，写入前不要登记。",
            f"Now put the database's address under [ledger] url in {arguments.dir}/county.toml, before any act.",
        )
    return 0
