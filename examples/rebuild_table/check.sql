-- "same" or "differs"; an error is neither.
SELECT CASE WHEN to_regclass('daily_sales') IS NULL THEN 'differs' ELSE 'there' END AS found \gset
SELECT :'found' = 'there' AS is_there \gset
\if :is_there
SELECT CASE WHEN EXISTS (
    (SELECT day, sum(cents)::bigint FROM orders GROUP BY day EXCEPT SELECT day, cents FROM daily_sales)
    UNION ALL
    (SELECT day, cents FROM daily_sales EXCEPT SELECT day, sum(cents)::bigint FROM orders GROUP BY day))
  THEN 'differs' ELSE 'same' END;
\else
SELECT 'differs';
\endif
