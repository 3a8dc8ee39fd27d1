-- What stands on top of the tables; made last.

--- shop.return_details
create view shop.return_details as
select r.id, r.order_id, r.sku, e.reason, e.free_of_charge, p.title as product, r.quantity, r.quantity * p.price as worth,
    r.returned_on
from shop.returns r
join shop.return_reasons e on e.code = r.reason_code
left join shop.products p on p.sku = r.sku;

--- shop.best_sellers
create materialized view shop.best_sellers as
select sku, count(*) as lines, sum(quantity) as pieces, sum(amount) as amount, max(created_at) as last_sold_at
from shop.order_lines
group by sku
having count(*) > 25;
