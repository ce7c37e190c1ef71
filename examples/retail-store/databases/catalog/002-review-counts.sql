-- A product carries the number and the sum of its ratings, so that a list of products need not count. A review that is
-- changed is one that goes and one that comes.

create function count_review() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    update product set rating_sum = rating_sum - old.rating, review_count = review_count - 1
      where id = old.product_id;
  end if;
  if tg_op <> 'DELETE' then
    update product set rating_sum = rating_sum + new.rating, review_count = review_count + 1
      where id = new.product_id;
  end if;
  return null;
end
$$;

create trigger count_review after insert or update or delete on review
  for each row execute function count_review();
