-- who moved between the first source and the second: from, to, vantage points
SELECT o.target, o.site AS old_site, n.site AS new_site, count(*) AS vps, o.site <> n.site AS moved,
	sum(CASE WHEN o.site <> n.site THEN count(*) ELSE 0 END) OVER (PARTITION BY o.target) /
		sum(count(*)) OVER (PARTITION BY o.target) AS moved_share
FROM vp_sites o JOIN vp_sites n ON n.run = 1 AND o.run = 0 AND n.target = o.target AND n.vp = o.vp
GROUP BY o.target, o.site, n.site
ORDER BY o.target, moved DESC, vps DESC, old_site, new_site;
