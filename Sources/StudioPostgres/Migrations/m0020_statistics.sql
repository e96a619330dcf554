-- What the server counts of a small table says nothing of the table it becomes.

-- Programs keep the plans of their statements until the server looks at a table anew, which is once a minute at most. One that
-- it made for fifty rows reads a table whole, as is cheap for fifty, and the next burst of jobs makes them thousands. It plans
-- by keys, as it should, for tables that it knows nothing of, and for those of some hundred rows; so it looks from then on.
-- A job's row changes some four times.
ALTER TABLE jobs SET (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000);
ALTER TABLE job_attempts SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
ALTER TABLE job_dependencies SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
ALTER TABLE job_files SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
ALTER TABLE ledger_entries SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
ALTER TABLE takes SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
ALTER TABLE canvas_runs SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
ALTER TABLE canvas_run_nodes SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
ALTER TABLE canvas_results SET (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
