-- share and RTT of each site, round by round
SELECT run, target, round, site, count(*) AS vps, count(*) / sum(count(*)) OVER (PARTITION BY run, target, round) AS share,
	median(rtt_ms) AS rtt_median_ms
FROM round_sites
GROUP BY run, target, round, site
ORDER BY run, target, round, vps DESC, site;
