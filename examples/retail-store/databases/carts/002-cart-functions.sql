-- What the cart service calls: one statement for each request. Each answers the cart as it is afterwards.
--
-- Writes to one cart take turns (`cart_lock`), so that two of them at once both count. Rows are touched in the
-- order of their keys, also by replication, which repeats the order of the Region that wrote: so they never wait in a circle.
--
-- Refusals: RC001 more than 99 pieces of an item, RC002 more than 50 different items. Nothing is changed then. The second
-- is a bound for each Region: carts that were filled on both sides of a cut may hold more until somebody removes some.

-- [{"itemId": 2, "quantity": 1}, ...]
create function cart_of(of_customer text) returns jsonb
language sql stable set search_path = public, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('itemId', item, 'quantity', quantity) order by item), '[]')
    from cart_item
   where customer = of_customer and not deleted
$$;

-- Until the end of the transaction. Two at once are taken in the order of their keys.
create function cart_lock(customers text[]) returns void
language plpgsql volatile as $$
declare
  key bigint;
begin
  for key in select distinct hashtextextended(name, 7400101) as k from unnest(customers) as name order by k loop
    perform pg_advisory_xact_lock(key);
  end loop;
end $$;

-- The item as it is, locked until the end of the transaction: what arrives from another Region meanwhile waits, so that a
-- write counts at the moment when it is acknowledged. Of an item that nobody here has heard of, `made` leaves a row that
-- any change is later than.
create function cart_hold(of_customer text, of_item integer, made boolean) returns cart_item
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  held cart_item;
begin
  select * into held from cart_item c where c.customer = of_customer and c.item = of_item for update;
  if found or not made then
    return held;
  end if;
  insert into cart_item (customer, item, quantity, hlc, region, seq, deleted)
  values (of_customer, of_item, 0, 0, '', 0, true)
  on conflict do nothing;
  select * into held from cart_item c where c.customer = of_customer and c.item = of_item for update;
  return held;
end $$;

-- One change, made here. A quantity of 0 is a tombstone; of what is not there, there is nothing to remove.
create function cart_record(of_customer text, of_item integer, new_quantity integer) returns void
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  held cart_item := cart_hold(of_customer, of_item, new_quantity > 0);
begin
  if new_quantity = 0 and coalesce(held.deleted, true) then
    return;
  end if;
  insert into cart_change (region, seq, customer, item, quantity, hlc, deleted)
  select here.region, nextval('cart_change_seq'), of_customer, of_item, new_quantity,
         cart_next_hlc(held.hlc), new_quantity = 0
    from here;
  if not found then
    raise exception 'this carts database does not know its Region yet: the cart service calls cart_settle when it starts';
  end if;
end $$;

create function cart_check(of_customer text) returns jsonb
language plpgsql volatile as $$
declare
  items jsonb := cart_of(of_customer);
begin
  if jsonb_array_length(items) > 50 then
    raise exception 'A cart takes 50 different items, and this one would have %. Take some out, or order them first.',
      jsonb_array_length(items) using errcode = 'RC002';
  end if;
  return items;
end $$;

create function cart_add(to_customer text, of_item integer, pieces integer) returns jsonb
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  held integer;
begin
  perform cart_lock(array[to_customer]);
  held := (cart_hold(to_customer, of_item, true)).quantity;
  if held + pieces > 99 then
    raise exception 'A cart takes 99 pieces of an item, not %.', held + pieces using errcode = 'RC001';
  end if;
  perform cart_record(to_customer, of_item, held + pieces);
  -- What was in the cart already may be added to, however full it is.
  return case when held > 0 then cart_of(to_customer) else cart_check(to_customer) end;
end $$;

-- 0 removes.
create function cart_set(of_customer text, of_item integer, new_quantity integer) returns jsonb
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  is_held boolean;
begin
  perform cart_lock(array[of_customer]);
  is_held := exists (select from cart_item where customer = of_customer and item = of_item and not deleted);
  perform cart_record(of_customer, of_item, new_quantity);
  return case when is_held then cart_of(of_customer) else cart_check(of_customer) end;
end $$;

-- Exactly these and nothing else; the other items that this Region knows of are removed.
create function cart_put(of_customer text, items integer[], quantities integer[]) returns jsonb
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  perform cart_lock(array[of_customer]);
  perform cart_record(of_customer, wanted.item, wanted.quantity)
     from (select item, coalesce(max(given.quantity), 0) as quantity
             from (select unnest(items) as item, unnest(quantities) as quantity
                   union all
                   select c.item, 0 from cart_item c where c.customer = of_customer and not c.deleted) as given
            group by item
            order by item) as wanted;
  return cart_check(of_customer);
end $$;

create function cart_clear(of_customer text) returns jsonb
language sql volatile set search_path = public, pg_temp as $$
  select cart_put(of_customer, '{}', '{}')
$$;

-- Everything of one cart goes into another one, at most 99 pieces of each item. Once more changes nothing: the first is
-- empty then.
create function cart_merge(from_customer text, to_customer text) returns jsonb
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  if from_customer = to_customer then
    return cart_of(to_customer);
  end if;
  perform cart_lock(array[from_customer, to_customer]);
  perform cart_record(written.customer, written.item, written.quantity)
     from (select to_customer as customer, item, least(sum(quantity), 99)::integer as quantity
             from cart_item
            where customer in (from_customer, to_customer) and not deleted
            group by item
           having bool_or(customer = from_customer)
            union all
           select customer, item, 0
             from cart_item
            where customer = from_customer and not deleted
            order by customer, item) as written;
  return cart_check(to_customer);
end $$;
