"""Personal data in the events of a PostgreSQL ledger: hidden by the database itself from whoever may not see it.

An account's database role may not read `data`, `note` and `actor` of the table. It reads them in the view
`events_seen`, which has what the role may see as it is, and the rest with stars and stand-ins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from geo.layers import Layer

if TYPE_CHECKING:
    from pipelines.store.transactions import Transaction

HIDDEN = ("actor", "note", "data")
"""The columns of an event that may name people."""
SEEN = "events_seen"

# As `geo.personal.mask`, but stricter: what looks like an identity number is hidden whatever its check digit.
_IDENTITY = (
    r"(?<![0-9A-Za-z])([1-9][0-9]{2})[0-9]{3}(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9]{3}([0-9][0-9Xx])"
    "(?![0-9A-Za-z])"
)
_PHONE = r"(?<![0-9])(?<![0-9][.])(?:[+]?86[- ]?)?(1[3-9][0-9])[- ]?[0-9]{4}[- ]?([0-9]{4})(?![0-9]|[.][0-9])"

_FUNCTIONS = (
    """
create function desk_personal(who name) returns text language sql stable security definer
  set search_path = pg_catalog, public
  as $$ select personal from public.db_roles where db_role = who $$""",
    """
create function desk_name(who name) returns text language sql stable security definer
  set search_path = pg_catalog, public
  as $$ select account from public.db_roles where db_role = who $$""",
    # As `geo.access.mask`.
    r"""
create function masked_value(given text) returns text language sql immutable set search_path = pg_catalog as $$
  select case
    when given is null or btrim(given) = '' or btrim(given) ~ '^(.[*]+|[*]+..)$' then given
    when length(regexp_replace(given, '[^0-9]', '', 'g')) >= 6
      then repeat('*', length(btrim(given)) - 2) || right(btrim(given), 2)
    else left(btrim(given), 1) || repeat('*', greatest(1, least(length(btrim(given)) - 1, 4))) end $$""",
    rf"""
create function masked_text(given text) returns text language sql immutable set search_path = pg_catalog as $$
  select regexp_replace(regexp_replace(given, '{_IDENTITY}', '\1*************\2', 'g'),
    '{_PHONE}', '\1****\2', 'g') $$""",
    r"""
create function stand_in(given text) returns text language sql stable set search_path = pg_catalog as $$
  select 'p' || left(encode(sha256(convert_to(current_database() || chr(31) || given, 'UTF8')), 'hex'), 8) $$""",
    """
create function masked_fields(on_layer text, given jsonb) returns jsonb language sql stable security definer
  set search_path = pg_catalog, public as $$
  select coalesce(jsonb_object_agg(f.key, case
      when jsonb_typeof(f.value) = 'null' then f.value
      when f.key in (select field from public.personal_fields where layer = on_layer)
        or not exists (select from public.personal_fields where layer = on_layer)
        then to_jsonb(public.masked_value(f.value #>> '{}'))
      when jsonb_typeof(f.value) = 'string' then to_jsonb(public.masked_text(f.value #>> '{}'))
      else f.value end), '{}'::jsonb)
  from jsonb_each(given) f $$""",
    """
create function masked_data(on_layer text, given text) returns text language sql stable security definer
  set search_path = pg_catalog, public as $$
  select coalesce(jsonb_object_agg(part.key, case
      when part.key in ('fields', 'was') and jsonb_typeof(part.value) = 'object'
        then public.masked_fields(on_layer, part.value)
      when part.key = 'name' and on_layer is null then to_jsonb(public.stand_in(part.value #>> '{}'))
      when part.key not in ('edition', 'into', 'from', 'moved_to') and jsonb_typeof(part.value) = 'string'
        then to_jsonb(public.masked_text(part.value #>> '{}'))
      else part.value end), '{}'::jsonb)::text
  from jsonb_each(given::jsonb) part $$""",
)

_SHOWN = {
    "actor": "case when c.clear or e.actor = (select desk_name(current_user)) then e.actor"
    " else stand_in(e.actor) end as actor",
    "note": "case when c.clear then e.note else masked_text(e.note) end as note",
    "data": "case when c.clear then e.data else masked_data(e.layer, e.data) end as data",
}


def hiding(columns: tuple[str, ...], reach: str) -> tuple[str, ...]:
    """The statements of the step that hides them.

    columns: those of an event. reach: the condition on `area_code` and `layer` under which a role reads an event;
    the view belongs to the owner of the tables, whom their policies do not bind, and so asks for it itself.
    """
    open_ = ", ".join(name for name in (*columns, "place") if name not in HIDDEN)
    shown = ", ".join(_SHOWN.get(name, f"e.{name}") for name in columns)
    return (
        "create table personal_fields (layer text not null, field text not null, primary key (layer, field))",
        "alter table db_roles add column personal text not null default ''",
        *_FUNCTIONS,
        f"""
create view {SEEN} with (security_barrier) as
  select {shown} from events e cross join lateral (select coalesce((select desk_personal(current_user)) = '*'
    or e.layer = any (string_to_array((select desk_personal(current_user)), ',')), false) as clear) c
  where {reach}""",
        "revoke select on events from xiangtu_desk",
        f"grant select ({open_}) on events to xiangtu_desk",
        f"grant select on {SEEN} to xiangtu_desk",
    )


def tell_personal_fields(tx: Transaction, layers: Mapping[str, Layer]) -> None:
    """Let the database know which fields of these layers are personal; what it knows of others stays.

    A layer that it knows has a row without field; of one that it does not every field is hidden.
    """
    wanted = {(one.id, "") for one in layers.values()}
    wanted |= {(one.id, f.name) for one in layers.values() for f in one.fields if f.personal}
    known = {(row[0], row[1]) for row in tx.run("select layer, field from personal_fields").fetchall()}
    fresh = sorted(wanted - known)
    if fresh:
        tx.run_many("insert into personal_fields (layer, field) values (?, ?)", fresh)
