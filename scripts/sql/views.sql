-- The rows of all sources with their types; an absent value is NULL. The columns are those of `catchmap fields`.
CREATE VIEW source AS
	SELECT NULL::INTEGER AS run, COLUMNS(*)::VARCHAR FROM (SELECT '' AS vp, '' AS target, '' AS probe, '' AS question,
		'' AS round, '' AS seq, '' AS attempt, '' AS flow, '' AS tx_time_ns, '' AS outcome, '' AS rtt_ms, '' AS rcode,
		'' AS nsid, '' AS txt) WHERE false -- columns that an old file lacks
	UNION ALL BY NAME $SOURCES;
CREATE TABLE rows_read AS SELECT
	run::UTINYINT AS run, vp, target, probe, nullif(question, '') AS question,
	nullif(round::VARCHAR, '')::UINTEGER AS round, nullif(seq::VARCHAR, '')::UINTEGER AS seq, nullif(attempt::VARCHAR, '')::UTINYINT AS attempt,
	nullif(flow::VARCHAR, '')::UTINYINT AS flow, nullif(tx_time_ns::VARCHAR, '')::BIGINT AS tx_time_ns, outcome,
	nullif(rtt_ms::VARCHAR, '')::DOUBLE AS rtt_ms, nullif(rcode::VARCHAR, '')::UTINYINT AS rcode, nullif(nsid, '') AS nsid,
	nullif(txt, '') AS txt
FROM source;
-- What has to be decoded: each answer once.
CREATE VIEW answers AS
	SELECT DISTINCT target, 'nsid' AS probe_type, nsid AS raw_string FROM rows_read WHERE nsid IS NOT NULL
	UNION ALL
	SELECT DISTINCT target, question, txt FROM rows_read WHERE txt IS NOT NULL AND question IS NOT NULL;
-- SITES
-- The NSID leads to the site, or else the TXT answer, as in `infer`.
CREATE VIEW probes AS SELECT r.*, make_timestamp_ns(r.tx_time_ns) AS sent_at, coalesce(n.site, t.site) AS site
FROM rows_read r
LEFT JOIN site_of n ON n.target = r.target AND n.probe_type = 'nsid' AND n.raw_string = r.nsid
LEFT JOIN site_of t ON t.target = r.target AND t.probe_type = r.question AND t.raw_string = r.txt AND n.site IS NULL;
-- DEFINITIONS: a round has the site of its first reply that names one; a vantage point the site of most rounds, of equals the
-- one met first. Only DNS on flow 0 speaks.
CREATE VIEW round_sites AS
	SELECT run, target, vp, round, arg_min(site, tx_time_ns) AS site, min(rtt_ms) AS rtt_ms
	FROM probes WHERE probe = 'dns' AND flow = 0 AND outcome = 'reply' AND site IS NOT NULL
	GROUP BY run, target, vp, round;
CREATE VIEW vp_sites AS
	SELECT run, target, vp, site, rounds FROM (
		SELECT run, target, vp, site, count(*) AS rounds,
			row_number() OVER (PARTITION BY run, target, vp ORDER BY count(*) DESC, min(round)) AS rank
		FROM round_sites GROUP BY run, target, vp, site)
	WHERE rank = 1;
