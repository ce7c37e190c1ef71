-- Customers, stock, orders, and the events that follow from them: all that one commit has to hold together. Stock is here
-- and not in the catalog, because two databases cannot commit as one.

create table customer (
  id            uuid primary key,
  email         text not null unique check (email = lower(email)),
  fname         text not null,
  lname         text not null,
  -- scrypt with its parameters and salt: services/user/password.ts.
  password_hash text not null,
  created_at    timestamptz not null default now()
);

create table inventory (
  product_id int primary key,
  on_hand    int not null check (on_hand >= 0)
);

create table customer_order (
  -- From next_order_number() alone.
  id              bigint primary key,
  -- Drawn by whoever orders: asked twice with it, there is one order.
  idempotency_key uuid not null unique,
  -- `user:<id>` or `guest:<session>`: whose order it is.
  customer_ref    text not null,
  email           text not null,
  fname           text not null,
  lname           text not null,
  address         jsonb,
  delivery        text,
  card_last4      text check (card_last4 ~ '^[0-9]{4}$'),
  subtotal        numeric(12, 2) not null check (subtotal >= 0),
  tax             numeric(12, 2) not null check (tax >= 0),
  shipping        numeric(12, 2) not null check (shipping >= 0),
  total           numeric(12, 2) not null check (total = subtotal + tax + shipping),
  status          text not null default 'placed' check (status in ('placed', 'cancelled')),
  -- Where it was bought, which says nothing of where it was written.
  region          text not null,
  created_at      timestamptz not null default now()
);

create index customer_order_of_customer on customer_order (customer_ref, id desc);
create index customer_order_of_email on customer_order (email, id desc);
-- What sold well lately.
create index customer_order_by_time on customer_order (created_at);

create table order_item (
  order_id   bigint not null references customer_order,
  product_id int not null references inventory,
  -- As they were when it was bought, whatever the catalog says later.
  name       text not null,
  quantity   int not null check (quantity between 1 and 99),
  unit_price numeric(12, 2) not null check (unit_price > 0),
  line_total numeric(12, 2) not null generated always as (quantity * unit_price) stored,
  primary key (order_id, product_id)
);

create index order_item_of_product on order_item (product_id);

-- What is to be told to the world, in the same commit as what it tells of. services/relay publishes it.
create table outbox (
  id           bigint generated always as identity primary key,
  event_id     uuid not null unique default gen_random_uuid(),
  type         text not null check (type in ('OrderCreated', 'OrderCancelled')),
  order_id     bigint not null references customer_order,
  -- The whole message: schemas/order-created.json, schemas/order-cancelled.json.
  payload      jsonb not null,
  created_at   timestamptz not null default now(),
  published_at timestamptz
);

-- What waits is little, however much has been published.
create index outbox_waiting on outbox (id) where published_at is null;
create index outbox_waiting_of_order on outbox (order_id, id) where published_at is null;

-- An order as the services show it.
create view order_document as
select
  o.id,
  o.customer_ref,
  o.email,
  jsonb_build_object(
    'id', o.id,
    'customer', o.customer_ref,
    'firstName', o.fname,
    'lastName', o.lname,
    'email', o.email,
    'address', o.address,
    'delivery', o.delivery,
    'cardLast4', o.card_last4,
    'status', o.status,
    'region', o.region,
    'createdAt', o.created_at,
    'subtotal', o.subtotal,
    'tax', o.tax,
    'shipping', o.shipping,
    'total', o.total,
    'items', (
      select jsonb_agg(
        jsonb_build_object(
          'productId', i.product_id,
          'name', i.name,
          'quantity', i.quantity,
          'price', i.unit_price,
          'totalCost', i.line_total
        )
        order by i.product_id
      )
      from order_item i
      where i.order_id = o.id
    )
  ) as document
from customer_order o;
