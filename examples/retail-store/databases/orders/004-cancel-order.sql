-- Takes an order back, and its stock with it; once, however often it is asked. No row: this customer has no such order.

create function cancel_order(number bigint, customer_ref text)
returns table (is_new boolean, document jsonb)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  state text;
begin
  select o.status into state
  from customer_order o
  where o.id = number and o.customer_ref = cancel_order.customer_ref
  for update;
  if not found then
    return;
  end if;
  if state = 'placed' then
    update customer_order o set status = 'cancelled' where o.id = number;
    -- In the order in which place_order takes them.
    perform from inventory i
    where i.product_id in (select t.product_id from order_item t where t.order_id = number)
    order by i.product_id
    for no key update;
    update inventory i
    set on_hand = i.on_hand + t.quantity
    from order_item t
    where t.order_id = number and i.product_id = t.product_id;
    perform announce('OrderCancelled', number);
  end if;
  return query select state = 'placed', d.document from order_document d where d.id = number;
end
$$;
