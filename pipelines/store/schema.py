"""What the ledger's database looks like: its tables, and who may touch them, as numbered steps."""

from __future__ import annotations

EVENT_COLUMNS = (
    "seq",
    "id",
    "layer",
    "feature_id",
    "kind",
    "from_stage",
    "to_stage",
    "at",
    "recorded_at",
    "actor",
    "role",
    "unit",
    "area_code",
    "note",
    "evidence",
    "import_id",
    "base_version",
    "undoes",
    "due_on",
    "lon",
    "lat",
    "data",
    "prev_hash",
    "hash",
)
"""The columns of an event in their order. All but the last are under the hash.

seq: 1, 2, 3 … without gaps. at: when it happened; recorded_at: when the ledger took it; both UTC, ISO, to the
microsecond. evidence: JSON list of content addresses. data: JSON of what only this kind of event has.
"""

_EVENTS = """
create table events (
  seq {big} primary key,
  id text not null unique,
  layer text,
  feature_id text,
  kind text not null,
  from_stage text,
  to_stage text,
  at text not null,
  recorded_at text not null,
  actor text not null,
  role text not null,
  unit text not null,
  area_code text,
  note text,
  evidence text not null,
  import_id text,
  base_version {big},
  undoes text unique,
  due_on text,
  lon {real},
  lat {real},
  data text not null,
  prev_hash text not null,
  hash text not null unique
)"""

_TABLES = (
    _EVENTS,
    "create index events_of_feature on events (layer, feature_id, seq)",
    "create index events_of_area on events (layer, area_code)",
    "create index events_by_time on events (at)",
    """
create table state (
  layer text not null,
  feature_id text not null,
  stage text,
  stage_since text,
  version {big} not null,
  last_seq {big} not null,
  area_code text,
  due_on text,
  merged_into text,
  primary key (layer, feature_id)
)""",
    "create index state_of_area on state (layer, area_code)",
    "create table chain (one integer primary key check (one = 1), seq {big} not null, hash text not null)",
    """
create table accounts (
  name text primary key,
  role text not null,
  unit text not null,
  area_code text not null,
  layers text not null,
  password_hash text,
  must_change integer not null,
  disabled integer not null,
  failures integer not null,
  locked_until text,
  created_at text not null
)""",
    """
create table sessions (
  token_hash text primary key,
  account text not null references accounts (name),
  created_at text not null,
  seen_at text not null,
  expires_at text not null
)""",
)

GENESIS = "0" * 64

_FIRST_LINK = f"insert into chain (one, seq, hash) values (1, 0, '{GENESIS}')"

_SQLITE_GUARDS = (
    """
create trigger events_never_change before update on events
  begin select raise(abort, 'events never change'); end""",
    """
create trigger events_never_go before delete on events
  begin select raise(abort, 'events never go'); end""",
)

_POSTGRES_GUARDS = (
    "create extension if not exists postgis",
    """
alter table events add column place geometry(Point, 4490) generated always as
  (case when lon is null or lat is null then null else st_setsrid(st_makepoint(lon, lat), 4490) end) stored""",
    "create index events_by_place on events using gist (place)",
    "create index events_by_area_text on events (area_code text_pattern_ops)",
    """
create function events_never_change() returns trigger language plpgsql as
  $$ begin raise exception 'events never change and never go'; end $$""",
    """
create trigger events_never_change before update or delete on events
  for each row execute function events_never_change()""",
    "create trigger events_never_empty before truncate on events execute function events_never_change()",
)

# A request runs under the database role of its account. What that role may see is looked up by the role's own
# name, not by a setting that a statement could change. The owner of the tables (migrations, audit, backup) is not
# bound by the policies; every account's role is.
_POSTGRES_RIGHTS = (
    """
do $$ begin
  if not exists (select from pg_roles where rolname = 'xiangtu_desk') then
    create role xiangtu_desk nologin;
  end if;
end $$""",
    """
create table db_roles (
  db_role text primary key,
  account text not null references accounts (name),
  may_write boolean not null,
  area_code text not null
)""",
    """
create function desk_area(who name) returns text language sql stable security definer
  set search_path = pg_catalog, public
  as $$ select area_code from public.db_roles where db_role = who $$""",
    """
create function desk_account(who name) returns text language sql stable security definer
  set search_path = pg_catalog, public
  as $$ select account from public.db_roles where db_role = who and may_write $$""",
    "grant usage on schema public to xiangtu_desk",
    "grant select, insert on events to xiangtu_desk",
    "grant select, insert, update on state to xiangtu_desk",
    "grant select, update on chain to xiangtu_desk",
    "alter table events enable row level security",
    "alter table state enable row level security",
    """
create policy events_in_area on events for select to xiangtu_desk using
  ((select desk_area(current_user)) = '' or area_code like (select desk_area(current_user)) || '%')""",
    """
create policy events_by_account on events for insert to xiangtu_desk with check
  (actor = (select desk_account(current_user))
   and ((select desk_area(current_user)) = '' or area_code like (select desk_area(current_user)) || '%'))""",
    """
create policy state_in_area on state to xiangtu_desk using
  ((select desk_area(current_user)) = '' or area_code like (select desk_area(current_user)) || '%')
  with check ((select desk_account(current_user)) is not null
   and ((select desk_area(current_user)) = '' or area_code like (select desk_area(current_user)) || '%'))""",
)


def _for(dialect: str, statements: tuple[str, ...]) -> tuple[str, ...]:
    types = {"big": "integer", "real": "real"} if dialect == "sqlite" else {"big": "bigint", "real": "float8"}
    return tuple(s.replace("{big}", types["big"]).replace("{real}", types["real"]) for s in statements)


def steps(dialect: str) -> tuple[tuple[str, ...], ...]:
    """The schema's numbered steps for `sqlite` or `postgresql`; step n takes a database from version n-1 to n.

    A step, once released, never changes: a new one is added after it.
    """
    guards = _SQLITE_GUARDS if dialect == "sqlite" else (*_POSTGRES_GUARDS, *_POSTGRES_RIGHTS)
    return ((*_for(dialect, _TABLES), _FIRST_LINK, *guards),)
