/**
 * Statements that a hot standby refuses, answers otherwise, or answers as if nothing were wrong, and a catalog in which
 * writes hide behind everything that looks like a read. Each is run at the writer and through a secondary's gateway.
 */

/** Done by the application's role, which owns it all. */
export const catalog = `
CREATE TABLE t (id int PRIMARY KEY, x text);
CREATE TABLE log (what text);
CREATE SEQUENCE s;
CREATE UNLOGGED TABLE u (id int);
CREATE SCHEMA sneaky;

CREATE FUNCTION f_write() RETURNS int LANGUAGE sql AS 'INSERT INTO log VALUES (''f_write'') RETURNING 1';
CREATE FUNCTION f_swallow() RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO log VALUES ('f_swallow'); RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 0; END $$;
CREATE FUNCTION f_swallow(anyelement) RETURNS bool LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO log VALUES ('f_swallow of one'); RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END $$;
CREATE FUNCTION f_stable_nextval() RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT nextval('s') $$;
CREATE FUNCTION f_stable_swallow() RETURNS bigint STABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN nextval('s'); EXCEPTION WHEN OTHERS THEN RETURN 0; END $$;
CREATE FUNCTION f_stable_calls() RETURNS int STABLE LANGUAGE plpgsql AS
  $$ BEGIN RETURN f_swallow(); END $$;
CREATE FUNCTION f_dynamic() RETURNS bigint STABLE LANGUAGE plpgsql AS
  $$ DECLARE n bigint; BEGIN EXECUTE 'SELECT next' || 'val(''s'')' INTO n; RETURN n; EXCEPTION WHEN OTHERS THEN RETURN 0; END $$;
CREATE FUNCTION f_default(n bigint DEFAULT nextval('s')) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION f_detect() RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN RETURN CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'writer' END; END $$;
CREATE FUNCTION f_late(n int) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN IF n = 3000 THEN INSERT INTO log VALUES ('f_late'); END IF; RETURN repeat('x', 100); END $$;
CREATE FUNCTION "f_é"() RETURNS int LANGUAGE sql AS 'SELECT f_swallow()';
CREATE FUNCTION f_clean(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n + 1';
CREATE FUNCTION f_locks() RETURNS bool LANGUAGE plpgsql AS
  $$ BEGIN RETURN pg_try_advisory_xact_lock(7); END $$;
CREATE FUNCTION f_over(n bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION sneaky.f_over(n text) RETURNS int LANGUAGE sql AS 'SELECT f_swallow()';
CREATE FUNCTION sneaky.lower(text) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN PERFORM public.f_swallow(); RETURN 'sneaky'; END $$;
CREATE PROCEDURE p_write() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('p_write'); COMMIT; END $$;
CREATE PROCEDURE p_swallow() LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO log VALUES ('p_swallow'); EXCEPTION WHEN OTHERS THEN NULL; END $$;

CREATE VIEW v_clean AS SELECT id, f_clean(id) AS more FROM t;
CREATE VIEW v_write AS SELECT f_write() AS n;
CREATE VIEW v_swallow AS SELECT f_swallow() AS n;
CREATE VIEW v_over_view AS SELECT n FROM v_swallow;
CREATE VIEW v_nextval AS SELECT nextval('s') AS n;
CREATE FUNCTION f_swallow_both(int, int) RETURNS int LANGUAGE sql AS 'SELECT f_swallow()';
CREATE OPERATOR ### (leftarg = int, rightarg = int, function = f_swallow_both);
CREATE DOMAIN d_swallow AS int CHECK (f_swallow(VALUE));
CREATE TYPE duo AS (a int, b int);
CREATE FUNCTION f_to_duo(int) RETURNS duo LANGUAGE plpgsql AS
  $$ BEGIN PERFORM f_swallow(); RETURN ROW($1, $1)::duo; END $$;
CREATE CAST (int AS duo) WITH FUNCTION f_to_duo(int);
CREATE TABLE with_default (id int DEFAULT f_swallow(), x d_swallow);
CREATE TABLE with_policy (id int);
INSERT INTO with_policy VALUES (1), (2);
ALTER TABLE with_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE with_policy FORCE ROW LEVEL SECURITY;
CREATE POLICY writes ON with_policy FOR SELECT USING (f_swallow(id));
CREATE TABLE with_rule (id int);
CREATE RULE writes AS ON INSERT TO with_rule DO ALSO INSERT INTO log VALUES ('rule');
CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t;
CREATE FUNCTION f_accumulate(int, int) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN PERFORM f_swallow(); RETURN $1 + $2; END $$;
CREATE AGGREGATE f_sum (int) (sfunc = f_accumulate, stype = int, initcond = '0');
`;

/** Everything as it was, and what the statements may have left. Done by the superuser, at the writer. */
export const reset = `
DELETE FROM t; DELETE FROM log; DELETE FROM u; DELETE FROM with_rule; DELETE FROM with_default;
INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three');
SELECT setval('s', 1, false);
DROP TABLE IF EXISTS made, made_too;
COMMENT ON TABLE t IS NULL;
REVOKE ALL ON t FROM PUBLIC;
`;

/** All that they may have changed, as one text. */
export const digest = `
SELECT json_build_array(
  (SELECT json_agg(t ORDER BY id) FROM t), (SELECT json_agg(what ORDER BY what) FROM log),
  (SELECT json_agg(u) FROM u), (SELECT json_agg(with_rule) FROM with_rule), (SELECT json_agg(with_default) FROM with_default),
  (SELECT last_value FROM s), (SELECT is_called FROM s),
  to_regclass('made') IS NULL, obj_description('t'::regclass),
  has_table_privilege('public', 't', 'select'))::text AS digest`;

/** A standby refuses them, with SQLSTATE 25006. */
export const refused = [
  "INSERT INTO t VALUES (4, 'four')",
  "INSERT INTO t SELECT 4, 'four' WHERE false",
  "INSERT INTO t VALUES (1, 'again')",
  "UPDATE t SET x = 'changed' WHERE id = 1",
  "UPDATE t SET x = 'changed' WHERE false",
  "DELETE FROM t WHERE id = 3",
  "DELETE FROM t WHERE false",
  "INSERT INTO u VALUES (1)",
  "INSERT INTO with_default (x) VALUES (5)",
  "INSERT INTO with_rule VALUES (1)",
  "MERGE INTO t USING (VALUES (1, 'merged'), (9, 'nine')) AS v (id, x) ON t.id = v.id WHEN MATCHED THEN UPDATE SET x = v.x WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.x)",
  "SELECT f_write()",
  "SELECT * FROM v_write",
  "SELECT * FROM v_nextval",
  "SELECT f_stable_nextval()",
  "SELECT f_default()",
  "SELECT nextval('s')",
  "SELECT setval('s', 40)",
  "CALL p_write()",
  "DO $$ BEGIN INSERT INTO log VALUES ('do'); END $$",
  "WITH w AS (INSERT INTO t VALUES (5, 'five') RETURNING id) SELECT id FROM w",
  "WITH w AS (DELETE FROM t WHERE id = 2 RETURNING x) SELECT (SELECT x FROM w)",
  "SELECT * FROM t WHERE id = 1 FOR UPDATE",
  "SELECT * FROM t WHERE id = 1 FOR NO KEY UPDATE",
  "SELECT * FROM t WHERE id = 1 FOR SHARE",
  "SELECT * FROM t WHERE id = 1 FOR KEY SHARE",
  "SELECT x FROM (SELECT * FROM t WHERE id = 1 FOR SHARE) AS held",
  "SELECT id INTO made FROM t",
  "CREATE TABLE made AS SELECT 1 AS id",
  "CREATE TABLE made (id int)",
  "CREATE TEMP TABLE mine (id int)",
  "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) INSERT INTO t VALUES (6, 'six')",
  "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT f_write()",
  "TRUNCATE log",
  "COMMENT ON TABLE t IS 'a table'",
  "GRANT SELECT ON t TO PUBLIC",
  "ANALYZE t",
  "VACUUM t",
  "CLUSTER t USING t_pkey",
  "REINDEX TABLE t",
  "REFRESH MATERIALIZED VIEW m",
  "NOTIFY c, 'payload'",
  "SELECT pg_notify('c', 'payload')",
  "BEGIN; LOCK t IN SHARE MODE; COMMIT",
  "PREPARE q AS INSERT INTO t VALUES ($1, 'prepared'); EXECUTE q(8); DEALLOCATE q",
  "CREATE FUNCTION made() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION made()",
] as const;

/** A standby refuses them as well, with other SQLSTATEs; answers vary from run to run. */
export const refusedOtherwise = [
  "SELECT txid_current() > 0",
  "SELECT pg_current_xact_id() IS NULL",
  "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM t; COMMIT",
  "BEGIN READ WRITE; SELECT count(*) FROM t; COMMIT",
  "BEGIN; SET TRANSACTION READ WRITE; SELECT count(*) FROM t; COMMIT",
  "BEGIN; SET transaction_read_only = off; SELECT count(*) FROM t; COMMIT",
  "SELECT * FROM u",
  "SELECT pg_current_wal_lsn() IS NULL",
  "SELECT pg_current_wal_flush_lsn() IS NULL",
  "SELECT lo_unlink(lo_create(0)) > 0",
  "SELECT pg_logical_emit_message(true, 'a', 'b') IS NULL",
] as const;

/** A standby answers them, and something is lost or wrong. */
export const accepted = [
  "SELECT f_swallow()",
  "SELECT public.f_swallow() FROM t WHERE id = 1",
  'SELECT "f_swallow"()',
  'SELECT U&"f\\005fswallow"()',
  "SELECT /* why */ f_swallow /* not */ ()",
  "SELECT * FROM f_swallow()",
  "SELECT 1 WHERE f_swallow() = 1",
  "SELECT x FROM t ORDER BY f_swallow(), id LIMIT 1",
  "SELECT CASE WHEN true THEN f_swallow() END",
  "VALUES (f_swallow())",
  "SELECT (SELECT f_swallow())",
  "SELECT id FROM t WHERE id = 1 UNION SELECT f_swallow()",
  "WITH w AS (SELECT f_swallow() AS n) SELECT n FROM w",
  "SELECT count(*) FILTER (WHERE f_swallow() = 1) FROM t WHERE id = 1",
  "SELECT l.n FROM t, LATERAL (SELECT f_swallow() AS n) AS l WHERE id = 1",
  "SELECT * FROM v_swallow",
  "TABLE v_swallow",
  "SELECT * FROM v_over_view",
  "SELECT v_over_view FROM v_over_view",
  "SELECT f_stable_swallow()",
  "SELECT f_stable_calls()",
  "SELECT f_dynamic()",
  "SELECT f_detect()",
  "SELECT f_locks()",
  "SELECT f_over(1)",
  "SELECT sneaky.f_over('1')",
  "SELECT lower('X')",
  "SELECT sneaky.lower('X')",
  "SET search_path = sneaky, public, pg_catalog; SELECT lower('X'), f_over('1')",
  "SELECT 1 ### 2",
  "SELECT 1 OPERATOR(public.###) 2",
  "SELECT 5::d_swallow",
  "SELECT CAST('5' AS d_swallow)",
  "SELECT d_swallow '5'",
  "SELECT ARRAY['5']::d_swallow[]",
  "SELECT 1::duo",
  "SELECT duo(1)",
  "SELECT f_sum(id) FROM t",
  "SELECT id FROM with_policy",
  "SELECT count(*) FROM with_policy",
  "SELECT id FROM json_to_recordset('[{\"id\": 1}]') AS j (id d_swallow)",
  "CALL p_swallow()",
  "DO $$ BEGIN PERFORM f_swallow(); END $$",
  "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT f_swallow()",
  "EXPLAIN (COSTS off) INSERT INTO t VALUES (1, 'one')",
  "COPY (SELECT f_swallow()) TO STDOUT",
  "SELECT pg_try_advisory_xact_lock(1)",
  "SELECT pg_try_advisory_lock(1)",
  "SELECT pg_advisory_xact_lock(1)",
  "SELECT set_config('search_path', 'sneaky, public', false); SELECT lower('X')",
  "PREPARE q AS SELECT f_swallow(); EXECUTE q",
  "PREPARE q AS INSERT INTO t VALUES (9, 'nine'); EXECUTE q",
  "BEGIN; DECLARE c CURSOR FOR SELECT f_swallow(); FETCH c; COMMIT",
  "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id; FETCH 2 FROM c; CLOSE c",
  "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; INSERT INTO t VALUES (10, 'ten')",
  "SET default_transaction_read_only = on; INSERT INTO t VALUES (11, 'eleven')",
  "BEGIN READ ONLY; SELECT f_swallow(); COMMIT",
  "SELECT 'a'\n-- between\n'b' AS text",
  "BEGIN READ ONLY; DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id; FETCH 2 FROM c; FETCH c; COMMIT",
  "BEGIN READ ONLY; SELECT count(*) FROM t; COMMIT",
  "MERGE INTO t USING (VALUES (1)) AS v (id) ON t.id = v.id WHEN MATCHED THEN DO NOTHING",
  "SELECT dblink_exec(connection, 'INSERT INTO log VALUES (''dblink'')') FROM to_the_writer",
  "SELECT nextval('s'), currval('s'), lastval()",
  "SELECT 1; SELECT f_swallow(); SELECT 2",
  "SELECT 1; INSERT INTO t VALUES (12, 'twelve'); SELECT count(*) FROM t",
  "SELECT 1; COMMIT; INSERT INTO t VALUES (13, 'thirteen')",
  "INSERT INTO t VALUES (14, 'fourteen'); SELECT 1 / 0",
  "BEGIN; INSERT INTO t VALUES (15, 'fifteen'); COMMIT; SELECT nothing",
] as const;

/** Reads as any other, which a standby answers as the writer does. */
export const reads = [
  "SELECT 1",
  "SELECT * FROM t ORDER BY id",
  "SELECT id, x FROM t WHERE id IN (1, 2) ORDER BY x DESC",
  "TABLE t",
  "VALUES (1), (2)",
  "SELECT * FROM v_clean ORDER BY id",
  "SELECT f_clean(2)",
  "SELECT count(*), max(id), string_agg(x, ',' ORDER BY id) FROM t",
  "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n",
  "SELECT t.x, o.x FROM t JOIN t AS o USING (id) ORDER BY t.id",
  "SELECT row_number() OVER (ORDER BY x) FROM t",
  "SELECT n FROM m",
  "EXPLAIN (COSTS off) SELECT * FROM t",
  "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT x FROM t WHERE id = 1",
  "COPY t TO STDOUT",
  "COPY (SELECT x FROM t ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)",
  "SHOW server_encoding",
  "SELECT 1; SELECT 2",
  "SELECT 1 / 0",
  "SELECT nothing FROM t",
  "SELECT 'no number'::int",
  "",
  ";",
  "-- nothing at all",
  "SELECT $$INSERT INTO t VALUES (1)$$ AS text",
  "SELECT E'it\\'s; DROP TABLE t' AS text",
  "SELECT U&'d\\0061t\\+000061' AS text",
  "/* nested /* comments */ SELECT f_swallow() */ SELECT 'a' AS text",
  `SELECT${" ".repeat(10_000)}1`,
  "SELECT $q$ it's $$ quoted $q$ AS text",
] as const;

/** Whatever is wrong with them, PostgreSQL itself says it, and where. */
export const mistakes = [
  "SELEC 1",
  "SELECT 1 FROM",
  "SELECT * FROM t WHERE (id = 1",
  "SELECT 'no end",
  "SELECT $$ no end",
  'SELECT "no end',
  "SELECT /* no end",
  "SELECT * FROM there_is_none",
  "SELECT there_is_none()",
  "SELECT x, there_is_none FROM t",
  "SELECT 1; SELEC 2",
  "INSERT INTO t VALUES (1, 2, 3)",
  "SELECT 'é', there_is_none FROM t",
  "CREATE TABLE",
  "SELECT 1 +",
  "SELECT 1;;SELECT 2 2 2",
  "\uFEFFSELECT 1",
  "SELECT 123abc",
  "SELECT U&'\\zz'",
] as const;
