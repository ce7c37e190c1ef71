-- Order numbers only grow, also where a failover has lost the newest orders: their numbers were told to people, and the
-- new primary's sequence does not know of them. A promotion begins a new timeline, so a sequence that is on another
-- timeline than at its last use goes forward first, over more numbers than a failover can have lost.
--
-- It goes forward once for each timeline in between: two promotions in a row, of which the second never heard of the
-- first, must not end at the same number.

create sequence order_number as bigint start 4 minvalue 4;

create table order_number_timeline (
  -- One row.
  is_only  boolean primary key default true check (is_only),
  timeline bigint not null
);

create function current_timeline() returns bigint
language sql volatile
as $$
  select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint
$$;

insert into order_number_timeline (timeline) values (current_timeline());

create function next_order_number() returns bigint
language plpgsql volatile
as $$
declare
  -- Orders that a failover may lose at the most: ten seconds of a shop that sells a hundred a second. Where a copy may lag
  -- by more (`rpoGuardMs` in leeward.yaml sets a bound), this has to be more as well.
  lost_max constant bigint := 1000;
  here constant bigint := current_timeline();
  known bigint;
begin
  select timeline into strict known from order_number_timeline;
  if known <> here then
    -- The first to come goes forward; who comes meanwhile waits here, and then finds it done.
    select timeline into strict known from order_number_timeline for update;
    if known <> here then
      perform setval('order_number', last_value + lost_max * abs(here - known)) from order_number;
      update order_number_timeline set timeline = here;
    end if;
  end if;
  return nextval('order_number');
end
$$;
