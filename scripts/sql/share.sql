-- share and RTT of each site, over the whole run
SELECT v.run, v.target, v.site, count(*) AS vps, count(*) / sum(count(*)) OVER (PARTITION BY v.run, v.target) AS share,
	min(r.rtt_min) AS rtt_min_ms, median(r.rtt_min) AS rtt_median_ms
FROM vp_sites v
JOIN (SELECT run, target, vp, site, min(rtt_ms) AS rtt_min FROM round_sites GROUP BY ALL) r USING (run, target, vp, site)
GROUP BY v.run, v.target, v.site
ORDER BY v.run, v.target, vps DESC, v.site;
