"""The routes of the form on which sites are marked: its page, its worker, what it asks for, and what it sends."""

from __future__ import annotations

import gzip
import json
import math
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import shapely
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from dashboards import mark_page
from dashboards.basemap import ground
from dashboards.data import County
from dashboards.gate_forms import form_token
from dashboards.looks import language
from dashboards.mark_act import act_on_site
from dashboards.mark_answers import answered, county_of, refused, sent
from dashboards.readers import COOKIE
from dashboards.words import Lang
from geo.errors import Refused, XiangtuError
from pipelines.act import same_within
from pipelines.days import today
from pipelines.marks import Draft, Taken, categories, groups_confirmed, take
from pipelines.marks_places import LAYER, Spot, known_sites, open_sites, where

LANG_VARIABLE = "XIANGTU_LANG"
DETAIL_DEGREES = 0.0006
A_YEAR = {"cache-control": "private, max-age=31536000, immutable"}


def routes() -> list[BaseRoute]:
    """The routes of the form."""
    return [
        Route("/mark", form),
        Route("/mark/sw.js", worker),
        Route("/mark/setup", setup),
        Route("/mark/areas", areas),
        Route("/mark/where", whereabouts),
        Route("/mark/sites", sites_around),
        Route("/mark/send", send, methods=["POST"]),
        Route("/mark/act", act_on_site, methods=["POST"]),
    ]


def _lang(request: Request) -> Lang:
    return language(request.query_params.get("lang"), os.environ.get(LANG_VARIABLE))


async def form(request: Request) -> Response:
    """The page of the form."""
    here = await run_in_threadpool(county_of, request)
    return HTMLResponse(mark_page.page(_lang(request), here.name), headers={"cache-control": "no-cache"})


async def worker(request: Request) -> Response:
    """The service worker of the form; it may serve `/mark`, which lies above its own address."""
    headers = {"service-worker-allowed": "/mark", "cache-control": "no-cache"}
    text = await run_in_threadpool(mark_page.worker, _lang(request))
    return Response(text, media_type="text/javascript", headers=headers)


async def setup(request: Request) -> Response:
    """Who marks, whether they may, and what the form offers; 401 without a live session."""
    return await answered(lambda: _setup(county_of(request), request.cookies.get(COOKIE), _lang(request)))


def _setup(here: County, session: str | None, lang: Lang) -> dict[str, Any]:
    workspace = here.workspace
    sites = _sites(here)
    near, near_m = same_within(workspace)
    kinds = workspace.layer(LAYER).field("place_kind").choices
    allowed = here.may("add", LAYER, here.root.code if here.root.level != "county" else None)
    return {
        "account": here.actor.name,
        "token": form_token(session if here.actor.has_account else None),
        "may_add": allowed,
        "groups": [
            {"zh": g.zh, "en": g.en, "choices": [{"value": c.value, "zh": c.zh, "en": c.en} for c in g.choices]}
            for g in categories(workspace, sites, today())
        ],
        "groups_confirmed": groups_confirmed(workspace),
        "place_kinds": [{"value": k.value, "zh": k.label.zh, "en": k.label.en} for k in kinds],
        "same_m": {**{name: float(metres) for name, metres in near.items()}, "": near_m},
        "areas": f"/mark/areas?edition={_areas_mark(here)}&of={here.root.code}",
        "ground": ground(here, lang),
    }


def _sites(here: County) -> Any:
    day = today()
    return here.kept(LAYER, ("sites", day), lambda: known_sites(here.workspace, day))


def _areas_mark(here: County) -> str:
    from pipelines.territory import areas_key

    return areas_key(here.workspace)


async def areas(request: Request) -> Response:
    """Outlines of all townships and of the reader's own villages for the small map, thinned.

    The address carries their edition.
    """

    def _made() -> bytes:
        here = county_of(request)
        found = {f"{level}s": _outlines(here, level) for level in ("township", "village")}
        found["villages"] = [one for one in found["villages"] if here.area(one["code"]) is not None]
        body = {**found, "bounds": here.bounds(here.root)}
        return gzip.compress(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), 6)

    try:
        body = await run_in_threadpool(_made)
    except XiangtuError as error:
        return refused(error)
    return Response(body, media_type="application/json", headers={**A_YEAR, "content-encoding": "gzip"})


def _outlines(here: County, level: str) -> list[dict[str, Any]]:
    """Areas with their rings, thinned to some 50 m: enough to look at, and to tell a village in a dead zone."""
    frame = here.outlines(level)
    shapes = shapely.coverage_simplify(frame.geometry.to_numpy(object), DETAIL_DEGREES)
    middles = shapely.get_coordinates(shapely.point_on_surface(frame.geometry.to_numpy(object))).round(5).tolist()
    return [
        {
            "code": code,
            "name": name,
            "parent": up,
            "at": at,
            "rings": [shapely.get_coordinates(r).round(5).tolist() for r in _rings(shape)],
        }
        for code, name, up, at, shape in zip(
            frame["code"], frame["name"], frame["parent"], middles, shapes, strict=True
        )
    ]


def _rings(shape: Any) -> list[Any]:
    """All rings of an area; by the even-odd rule they tell inside from outside, holes and parts alike."""
    return [ring for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]


async def whereabouts(request: Request) -> Response:
    """What is known of a place: townships, a guess of its kind, open sites near it."""

    def _found() -> dict[str, Any]:
        here = county_of(request)
        return _spot(where(here.workspace, _sites(here), *_place(request), here.actor), here)

    return await answered(_found)


async def sites_around(request: Request) -> Response:
    """The open sites around a place, for the form to keep: near ones are offered in a dead zone as well."""

    def _found() -> dict[str, Any]:
        here = county_of(request)
        found = open_sites(_sites(here), *_place(request), here.actor)
        return {"account": here.actor.name, "sites": _staged(found, here)}

    return await answered(_found)


def _place(request: Request) -> tuple[float, float]:
    asked = request.query_params
    return _number(asked.get("lon")), _number(asked.get("lat"))


def _staged(sites: Sequence[Mapping[str, Any]], here: County) -> list[dict[str, Any]]:
    """Sites with their stage in both languages."""
    life = here.workspace.layer(LAYER).lifecycle
    stages = {one.id: {"zh": one.label.zh, "en": one.label.en} for one in life.stages} if life else {}
    return [{**one, "stage": stages.get(str(one["stage"]))} for one in sites]


def _spot(spot: Spot, here: County) -> dict[str, Any]:
    return {
        **_names(spot.township, spot.village, here),
        "inside": spot.area_code is not None,
        "may_add": here.may("add", LAYER, spot.area_code),
        "guess": {"value": spot.guess.value, "basis": spot.guess.basis, "params": dict(spot.guess.params)},
        "near": _staged(spot.near, here),
    }


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


async def send(request: Request) -> Response:
    """Take one draft, once however often it comes; the refusal, in both languages, when it cannot be taken."""
    try:
        told, photos = await sent(request)
    except XiangtuError as error:
        return refused(error)

    def _sent() -> dict[str, Any]:
        here = county_of(request)
        return _taken(_take(here, told, photos), here)

    return await answered(_sent)


def _take(here: County, told: Mapping[str, str], photos: list[bytes]) -> Taken:
    return take(here.workspace, here.actor, read_draft(told), photos, now=datetime.now(UTC))


def read_draft(told: Mapping[str, str]) -> Draft:
    """The draft of a form's fields; Refused for one that the form cannot have made."""
    try:
        marked = datetime.fromisoformat(told.get("marked_at", ""))
    except ValueError:
        raise Refused("mark_malformed", field="marked_at") from None
    if marked.tzinfo is None:
        raise Refused("mark_malformed", field="marked_at")
    accuracy = _number(told.get("accuracy_m"))
    return Draft(
        client_id=told.get("client_id", ""),
        lon=_number(told.get("lon")),
        lat=_number(told.get("lat")),
        category=told.get("category") or None,
        marked_at=marked,
        place_kind=told.get("place_kind") or None,
        description=told.get("description", ""),
        position_by=told.get("position_by", "device")[:10],
        accuracy_m=accuracy if math.isfinite(accuracy) else None,
        same_as=told.get("same_as") or None,
    )


def _taken(taken: Taken, here: County) -> dict[str, Any]:
    """What the form is told of a draft that arrived; of a new site also where it lies and of which kind."""
    near = [{"id": name, "distance_m": metres} for name, metres in taken.near]
    said = {"id": taken.id, "again": taken.again, "near": near}
    if taken.township is None:
        return said
    names = _names(taken.township, taken.village, here)
    return {**said, **names, "place_kind": taken.place_kind, "kind_guessed": taken.guessed}


def _names(
    township: tuple[str, str] | None, village: tuple[str, str] | None, here: County
) -> dict[str, str | None]:
    """Names of a place's township and, where the reader may see it, of its village."""
    seen = village is not None and here.area(village[0]) is not None
    return {"township": township[1] if township else None, "village": village[1] if village and seen else None}
