-- One transaction: all of it or nothing. The effect's id is a primary key, so the same effect is
-- refused a second time by the database itself, whoever sends it.
\getenv effect HOMEOSTAT_EFFECT
INSERT INTO rebuilds (effect) VALUES (:'effect');
DROP TABLE IF EXISTS daily_sales;
CREATE TABLE daily_sales AS SELECT day, sum(cents)::bigint AS cents FROM orders GROUP BY day;
