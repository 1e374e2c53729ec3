-- loss by vantage point and kind of probe
SELECT run, vp, probe, count(*) AS sent, count(*) FILTER (outcome IN ('reply', 'rst', 'late')) AS received,
	count(*) FILTER (outcome = 'send-error') AS not_sent,
	1 - count(*) FILTER (outcome IN ('reply', 'rst', 'late')) / count(*) AS loss
FROM probes
GROUP BY run, vp, probe
ORDER BY loss DESC, run, vp, probe;
