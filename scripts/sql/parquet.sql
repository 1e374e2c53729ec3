-- all rows with their sites, sorted for columns that pack well; with -o FILE.parquet
SELECT * EXCLUDE (run) FROM probes ORDER BY target, vp, tx_time_ns;
