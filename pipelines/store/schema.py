"""What the ledger's database looks like: its tables, and who may touch them, as numbered steps."""

from __future__ import annotations

from pipelines.store.schema_personal import hiding

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


# Step 2. The end of the chain moves with each event and in no other way; a bureau's role is bound to its layers;
# the state is written by the program alone, because it follows from the events.
_INDEXES = (
    "create index events_of_kind on events (layer, kind)",
    "create index events_in_order on events (layer, seq)",
)

_SQLITE_CHAIN = (
    """
create trigger chain_follows after insert on events begin
  select case when new.seq <> (select seq + 1 from chain where one = 1)
      or new.prev_hash <> (select hash from chain where one = 1)
    then raise(abort, 'not the next event of the chain') end;
  update chain set seq = new.seq, hash = new.hash where one = 1;
end""",
)

_POSTGRES_CHAIN = (
    """
create function chain_follows() returns trigger language plpgsql security definer
  set search_path = pg_catalog, public as $$
  declare ending public.chain%rowtype;
  begin
    select * into ending from public.chain where one = 1 for update;
    if new.seq <> ending.seq + 1 or new.prev_hash <> ending.hash then
      raise exception 'not the next event of the chain';
    end if;
    update public.chain set seq = new.seq, hash = new.hash where one = 1;
    return new;
  end $$""",
    "create trigger chain_follows after insert on events for each row execute function chain_follows()",
    "revoke update on chain from xiangtu_desk",
    "revoke insert, update on state from xiangtu_desk",
)

_IN_AREA = "((select desk_area(current_user)) = '' or area_code like (select desk_area(current_user)) || '%')"
_READS = (
    "((select desk_reads(current_user)) = '*'"
    " or layer = any (string_to_array((select desk_reads(current_user)), ',')))"
)

_POSTGRES_LAYERS = (
    "alter table db_roles add column reads text not null default '*'",
    "alter table db_roles add column writes text not null default '*'",
    """
create function desk_reads(who name) returns text language sql stable security definer
  set search_path = pg_catalog, public
  as $$ select reads from public.db_roles where db_role = who $$""",
    """
create function desk_may_write(who name, on_layer text, thing text) returns boolean language sql stable
  security definer set search_path = pg_catalog, public as $$
  select exists (
    select from public.db_roles d left join public.state s on s.layer = on_layer and s.feature_id = thing
    where d.db_role = who and d.may_write
      and (d.writes = '*' or on_layer = any (string_to_array(d.writes, ',')))
      and (s.area_code is null or d.area_code = '' or s.area_code like d.area_code || '%')) $$""",
    "drop policy events_in_area on events",
    "drop policy events_by_account on events",
    "drop policy state_in_area on state",
    f"create policy events_in_reach on events for select to xiangtu_desk using ({_IN_AREA} and {_READS})",
    f"""
create policy events_by_account on events for insert to xiangtu_desk with check
  (actor = (select desk_account(current_user)) and {_IN_AREA}
   and desk_may_write(current_user, layer, feature_id))""",
    f"create policy state_in_reach on state for select to xiangtu_desk using ({_IN_AREA} and {_READS})",
)


# Step 3. A desk's own statement appends only to what the program has placed: the program writes where a thing
# lies, then the event. What every reader takes apart must be what it says it is.
_AN_INSTANT = "~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$'"
_POSTGRES_PLACED = (
    """
create or replace function desk_may_write(who name, on_layer text, thing text) returns boolean language sql stable
  security definer set search_path = pg_catalog, public as $$
  select exists (
    select from public.db_roles d join public.state s on s.layer = on_layer and s.feature_id = thing
    where d.db_role = who and d.may_write
      and (d.writes = '*' or on_layer = any (string_to_array(d.writes, ',')))
      and (d.area_code = '' or s.area_code like d.area_code || '%')) $$""",
    "drop policy events_by_account on events",
    f"""
create policy events_by_account on events for insert to xiangtu_desk with check
  (actor = (select desk_account(current_user)) and {_IN_AREA}
   and desk_may_write(current_user, layer, feature_id)
   and at {_AN_INSTANT} and at::timestamptz is not null
   and recorded_at {_AN_INSTANT} and recorded_at::timestamptz is not null
   and (due_on is null or (due_on ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' and due_on::date is not null))
   and json_typeof(data::json) = 'object' and json_typeof(evidence::json) = 'array'
   and (undoes is null or kind = 'undo'))""",
)


def _for(dialect: str, statements: tuple[str, ...]) -> tuple[str, ...]:
    types = {"big": "integer", "real": "real"} if dialect == "sqlite" else {"big": "bigint", "real": "float8"}
    return tuple(s.replace("{big}", types["big"]).replace("{real}", types["real"]) for s in statements)


def steps(dialect: str) -> tuple[tuple[str, ...], ...]:
    """The schema's numbered steps for `sqlite` or `postgresql`; step n takes a database from version n-1 to n.

    A step, once released, never changes: a new one is added after it.
    """
    first = _SQLITE_GUARDS if dialect == "sqlite" else (*_POSTGRES_GUARDS, *_POSTGRES_RIGHTS)
    second = _SQLITE_CHAIN if dialect == "sqlite" else (*_POSTGRES_CHAIN, *_POSTGRES_LAYERS)
    # Step 4: of what may name people a role reads what it may see, and stars for the rest.
    rest = () if dialect == "sqlite" else (_POSTGRES_PLACED, hiding(EVENT_COLUMNS, f"{_IN_AREA} and {_READS}"))
    return (*_for(dialect, _TABLES), _FIRST_LINK, *first), (*_INDEXES, *second), *rest
