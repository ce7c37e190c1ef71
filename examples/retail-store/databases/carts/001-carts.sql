-- Carts, writable in every Region at once.
--
-- Each Region has a database of its own. A write is a row of `cart_change`, which is only ever inserted, so that two
-- Regions never touch the same row and replication meets no conflict. A trigger merges each change, wherever it was made,
-- into `cart_item`: of two changes to one item of one cart the greater (hlc, region, seq) counts. The order in which
-- changes arrive does not matter, nor how often: both sides end equal.
--
-- What that means for people: writes in one Region add up. Two Regions that change the same item before they have heard
-- of each other keep one of the two changes whole, the later one; they do not add up. Different items never disturb each
-- other. What is removed stays as a row that says so (a tombstone), or an older change that arrives late would bring it
-- back.

-- Which Region's database this is. The service says it once (`cart_settle`), and nobody can change it afterwards: its
-- name is on every change that was made here.
create table here (
  only_one boolean primary key default true check (only_one),
  region text collate "C" not null check (region ~ '^[a-z][a-z0-9-]{0,39}$')
);

-- No default for `seq`: it is `nextval` in `cart_record`, see `cart_beat` for why it follows the clock.
create sequence cart_change_seq as bigint;
-- How many changes of other Regions were applied here, for the metrics. It counts a change that was rolled back and
-- came again twice.
create sequence cart_applied_seq as bigint;

create table cart_change (
  region text collate "C" not null,
  seq bigint not null,
  customer text collate "C" not null check (length(customer) between 1 and 100),
  item integer not null check (item > 0),
  quantity integer not null check (quantity between 0 and 99),
  hlc bigint not null check (hlc > 0),
  deleted boolean not null,
  at timestamptz not null default clock_timestamp(),
  primary key (region, seq),
  check (deleted = (quantity = 0))
);
-- For the compaction.
create index cart_change_key on cart_change (customer, item);

create table cart_item (
  customer text collate "C" not null,
  item integer not null,
  quantity integer not null,
  hlc bigint not null,
  region text collate "C" not null,
  seq bigint not null,
  deleted boolean not null,
  primary key (customer, item)
);
create index cart_item_tombstone on cart_item (hlc) where deleted;

-- One row a second and Region; how old the newest is on the other side is the latency of replication.
create table cart_heartbeat (
  region text collate "C" not null,
  -- Seconds since 1970: whoever of several replicas is first in a second makes its row.
  second bigint not null,
  sent_at timestamptz not null default clock_timestamp(),
  -- By the clock of the Region that it arrives in.
  arrived_at timestamptz not null default clock_timestamp(),
  primary key (region, second)
);

-- Where the checkout service keeps its state while its Region's Redis is away. Not replicated: it is as much its
-- Region's own as that Redis is.
create table checkout_fallback (
  id text primary key check (length(id) between 1 and 200),
  state jsonb not null,
  expires_at timestamptz not null
);
create index checkout_fallback_expires on checkout_fallback (expires_at);

-- ---------------------------------------------------------------------------------------------------------------------
-- Hybrid logical clock: milliseconds since 1970 in the upper 48 bits, a counter in the lower 16.
--
-- It is a clock per item: a change is later than every change of the item that its database knew, also when this
-- machine's clock was set back or the other one's is far ahead. The counter may run over into the milliseconds; then the
-- item's time is a little ahead of the clock, and no harm done.

create function cart_clock_ms() returns bigint
language sql volatile
return floor(extract(epoch from clock_timestamp()) * 1000)::bigint;

create function cart_next_hlc(previous bigint) returns bigint
language sql volatile
return greatest(cart_clock_ms() << 16, previous + 1);

-- ---------------------------------------------------------------------------------------------------------------------
-- Merging. These triggers are ENABLE ALWAYS: they see what replication applies and copies, too, which has no search_path.

-- A copy may bring what is there already; the primary key would stop replication for good. What is written here has a
-- number that nobody else has, and if not, that is an error worth hearing of.
create function cart_change_arrives() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if current_setting('session_replication_role') <> 'replica' then
    return new;
  end if;
  if exists (select from cart_change c where c.region = new.region and c.seq = new.seq) then
    return null;
  end if;
  perform nextval('cart_applied_seq');
  return new;
end $$;

create function cart_change_merges() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  insert into cart_item as held (customer, item, quantity, hlc, region, seq, deleted)
  values (new.customer, new.item, new.quantity, new.hlc, new.region, new.seq, new.deleted)
  on conflict (customer, item) do update
     set (quantity, hlc, region, seq, deleted)
       = (excluded.quantity, excluded.hlc, excluded.region, excluded.seq, excluded.deleted)
   where (excluded.hlc, excluded.region, excluded.seq) > (held.hlc, held.region, held.seq);
  return null;
end $$;

create function cart_heartbeat_arrives() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select from cart_heartbeat h where h.region = new.region and h.second = new.second) then
    return null;
  end if;
  new.arrived_at := clock_timestamp();
  return new;
end $$;

create trigger arrives before insert on cart_change
  for each row execute function cart_change_arrives();
create trigger merges after insert on cart_change
  for each row execute function cart_change_merges();
create trigger arrives before insert on cart_heartbeat
  for each row execute function cart_heartbeat_arrives();
alter table cart_change enable always trigger arrives;
alter table cart_change enable always trigger merges;
alter table cart_heartbeat enable always trigger arrives;

-- Inserts alone: what compaction deletes here is none of the other Regions' business.
create publication carts for table cart_change, cart_heartbeat with (publish = 'insert');
