-- What this example has in a database: orders, what is derived from them, and what was rebuilt when.
CREATE TABLE orders (day date NOT NULL, cents bigint NOT NULL);
CREATE TABLE daily_sales AS SELECT day, sum(cents)::bigint AS cents FROM orders GROUP BY day;
CREATE TABLE rebuilds (effect text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
