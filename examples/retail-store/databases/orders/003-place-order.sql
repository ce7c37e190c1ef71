-- Buying is this one call, so that it costs one round trip from wherever it is asked: no other statement around it.
--
-- Its locks all end with its transaction, as they must behind a pool that shares out connections by transaction. They
-- are taken in one order by everybody: the key, the products by number, the order number's row. So nobody waits in a circle.
--
-- Refusals have codes of their own, and their DETAIL is JSON:
--   RS001  sold out               [{"productId": 2, "name": …, "left": 3}, …]
--   RS002  another order has this key
--   RS003  the amounts do not add up
--   RS004  a product that is not kept in stock   [{"productId": 2, "name": …}, …]

create function place_order(
  key uuid,
  customer_ref text,
  email text,
  fname text,
  lname text,
  address jsonb,
  delivery text,
  card_last4 text,
  region text,
  -- [{"productId": 2, "name": …, "quantity": 1, "unitPrice": 42.95}, …], each product once.
  lines jsonb,
  subtotal numeric,
  tax numeric,
  shipping numeric
)
returns table (is_new boolean, document jsonb)
language plpgsql volatile
as $$
-- A name that is both is the table's column; the arguments are `place_order.email` and so on.
#variable_conflict use_column
declare
  number bigint;
begin
  -- Two who come with one key come one after the other.
  perform pg_advisory_xact_lock(hashtextextended(place_order.key::text, 0));
  select o.id into number from customer_order o where o.idempotency_key = place_order.key;
  if found then
    perform refuse_other_contents(
      number,
      array[
        place_order.customer_ref, place_order.email, place_order.fname, place_order.lname,
        place_order.address::text, place_order.delivery, place_order.card_last4
      ],
      place_order.lines
    );
    return query select false, d.document from order_document d where d.id = number;
    return;
  end if;

  perform take_stock(place_order.lines);

  if place_order.subtotal is distinct from (
    select sum(l.quantity * l."unitPrice")
    from jsonb_to_recordset(place_order.lines) as l (quantity int, "unitPrice" numeric)
  ) then
    raise exception using errcode = 'RS003', message = 'the subtotal is not the sum of the lines';
  end if;

  number := next_order_number();
  insert into customer_order
    (id, idempotency_key, customer_ref, email, fname, lname, address, delivery, card_last4,
     subtotal, tax, shipping, total, region)
  values
    (number, place_order.key, place_order.customer_ref, place_order.email, place_order.fname,
     place_order.lname, place_order.address, place_order.delivery, place_order.card_last4,
     place_order.subtotal, place_order.tax, place_order.shipping,
     place_order.subtotal + place_order.tax + place_order.shipping, place_order.region);
  insert into order_item (order_id, product_id, name, quantity, unit_price)
  select number, l."productId", l.name, l.quantity, l."unitPrice"
  from jsonb_to_recordset(place_order.lines)
    as l ("productId" int, name text, quantity int, "unitPrice" numeric);
  perform announce('OrderCreated', number);
  return query select true, d.document from order_document d where d.id = number;
end
$$;

-- Prices are not compared: they come from the catalog, and may have changed since.
create function refuse_other_contents(number bigint, contents text[], lines jsonb) returns void
language plpgsql stable
as $$
begin
  perform from customer_order o
  where o.id = number
    and contents = array[
      o.customer_ref, o.email, o.fname, o.lname, o.address::text, o.delivery, o.card_last4
    ]
    and (
      select jsonb_object_agg(i.product_id, i.quantity) from order_item i where i.order_id = number
    ) = (
      select jsonb_object_agg(l."productId", l.quantity)
      from jsonb_to_recordset(lines) as l ("productId" int, quantity int)
    );
  if not found then
    raise exception using errcode = 'RS002', message = 'another order has this idempotency key';
  end if;
end
$$;

create function take_stock(lines jsonb) returns void
language plpgsql volatile
as $$
declare
  missing jsonb;
  short jsonb;
begin
  perform from inventory i
  where i.product_id in (
    select l."productId" from jsonb_to_recordset(lines) as l ("productId" int)
  )
  order by i.product_id
  for no key update;

  select
    jsonb_agg(jsonb_build_object('productId', l."productId", 'name', l.name) order by l."productId")
      filter (where i.on_hand is null),
    jsonb_agg(
      jsonb_build_object('productId', l."productId", 'name', l.name, 'left', i.on_hand)
      order by l."productId"
    ) filter (where i.on_hand < l.quantity)
  into missing, short
  from jsonb_to_recordset(lines) as l ("productId" int, name text, quantity int)
  left join inventory i on i.product_id = l."productId";
  if missing is not null then
    raise exception using
      errcode = 'RS004', message = 'a product is not kept in stock', detail = missing::text;
  end if;
  if short is not null then
    raise exception using errcode = 'RS001', message = 'sold out', detail = short::text;
  end if;

  update inventory i
  set on_hand = i.on_hand - l.quantity
  from jsonb_to_recordset(lines) as l ("productId" int, quantity int)
  where i.product_id = l."productId";
end
$$;

-- In the same transaction as what it tells of. Neither address nor card goes out.
create function announce(type text, number bigint) returns void
language sql volatile
as $$
  with event as (select gen_random_uuid() as id)
  insert into outbox (event_id, type, order_id, payload)
  select
    e.id,
    announce.type,
    number,
    jsonb_build_object(
      'eventId', e.id,
      'type', announce.type,
      'occurredAt', now(),
      'order',
      d.document - array['customer', 'address', 'cardLast4', 'items']
        || jsonb_build_object('orderItems', d.document -> 'items')
    )
  from event e, order_document d
  where d.id = number
$$;
