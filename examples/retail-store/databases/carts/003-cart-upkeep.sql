-- What the cart service calls to keep the exchange between the Regions going. See services/cart/replication.ts.

-- Says once and for all which Region's database this is.
create function cart_settle(this_region text) returns void
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  known text;
begin
  insert into here (region) values (this_region) on conflict do nothing;
  select region into known from here;
  if known <> this_region then
    raise exception 'This is the carts database of %; the service of % cannot use it.', known, this_region;
  end if;
  perform cart_beat();
end $$;

-- A row a second, however many replicas call it.
--
-- It also keeps the numbers of changes near the microseconds since 1970. A database that was made anew, or restored
-- from a backup, must not use the numbers that it used before: the other Regions know changes by them. The jump is more
-- than could be drawn while it is made.
create function cart_beat() returns void
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  now_us constant bigint := floor(extract(epoch from clock_timestamp()) * 1000000);
begin
  insert into cart_heartbeat (region, second)
  select region, now_us / 1000000 from here
  on conflict do nothing;
  if (select last_value from cart_change_seq) < now_us - 60000000 then
    perform pg_advisory_xact_lock(7400102);
    if (select last_value from cart_change_seq) < now_us - 60000000 then
      perform setval('cart_change_seq', now_us);
    end if;
  end if;
end $$;

-- Removes what nobody needs any more, at most `batch` rows of each kind, oldest first:
--   changes that a later one has superseded, here: a copy for another Region needs only those that count;
--   tombstones older than 30 days with their changes, when the log holds nothing else of the item. A Region that is cut
--     off for longer than that may bring back what was removed here;
--   heartbeats older than 5 minutes, but for the newest of each Region.
create function cart_compact(batch integer) returns table (changes bigint, tombstones bigint)
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  -- One replica is enough.
  if not pg_try_advisory_xact_lock(7400103) then
    return query select 0::bigint, 0::bigint;
    return;
  end if;
  with superseded as (
    select c.region, c.seq
      from cart_change c
      join cart_item i using (customer, item)
     where (c.hlc, c.region, c.seq) < (i.hlc, i.region, i.seq)
     limit batch
  )
  delete from cart_change c using superseded s where c.region = s.region and c.seq = s.seq;
  get diagnostics changes = row_count;
  with old as (
    select i.customer, i.item
      from cart_item i
     where i.deleted
       and i.hlc < (cart_clock_ms() - 30 * 86400000::bigint) << 16
       and not exists (select from cart_change c
                        where c.customer = i.customer and c.item = i.item and (c.region, c.seq) <> (i.region, i.seq))
     order by i.hlc
     limit batch
       for update skip locked
  ), gone as (
    delete from cart_item i using old o
     where i.customer = o.customer and i.item = o.item and i.deleted
    returning i.region, i.seq
  )
  delete from cart_change c using gone g where c.region = g.region and c.seq = g.seq;
  get diagnostics tombstones = row_count;
  delete from cart_heartbeat h
   where h.sent_at < clock_timestamp() - interval '5 minutes'
     and h.second < (select max(second) from cart_heartbeat newest where newest.region = h.region);
  return next;
end $$;

-- How old the newest word of each other Region is, and how long it was under way. In milliseconds.
create view cart_latency as
  select distinct on (h.region) h.region,
         extract(epoch from clock_timestamp() - h.sent_at)::float8 * 1000 as age_ms,
         extract(epoch from h.arrived_at - h.sent_at)::float8 * 1000 as transit_ms
    from cart_heartbeat h
   where h.region <> (select region from here)
   order by h.region, h.second desc;

-- Subscribes to another Region, whose slot is there; no table yet (that is `alter subscription … refresh publication`,
-- which begins with a copy and cannot be in a function). `origin = none`: it sends what was made there and not what it
-- got from us.
--
-- The password takes a way around the server's log. It is a parameter, not the text of a statement; PostgreSQL warns
-- here that nothing is connected yet, and would show the statement, so that one knows a wrong password only.
create function cart_subscribe(name text, connection text, slot text) returns void
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  execute format(
    'create subscription %I connection %L publication carts'
    ' with (connect = false, slot_name = %L, origin = none)', name, 'password=later', slot);
  perform cart_resubscribe(name, connection);
end $$;

-- Also when the other Region's address or password has changed, or somebody has disabled the subscription. What goes
-- wrong inside is caught: an error that nobody catches is logged with the statement.
create function cart_resubscribe(name text, connection text) returns void
language plpgsql volatile as $$
declare
  failed text;
begin
  begin
    execute format('alter subscription %I connection %L', name, connection);
    execute format('alter subscription %I enable', name);
  exception when others then
    failed := sqlerrm;
  end;
  if failed is not null then
    raise exception 'Could not set up the subscription: %', failed;
  end if;
end $$;

-- The slot in the other Region is left to whoever calls this: it may be gone already.
create function cart_unsubscribe(name text) returns void
language plpgsql volatile as $$
begin
  execute format('alter subscription %I disable', name);
  execute format('alter subscription %I set (slot_name = none)', name);
  execute format('drop subscription %I', name);
end $$;
