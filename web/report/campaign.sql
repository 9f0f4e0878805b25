-- What the campaign is: its creation (the first one counts), and whether it is open.
SELECT
    coalesce(arg_min(title, (ms, seq)) FILTER (type = 'campaign_created'), '') AS title,
    coalesce(arg_min(module, (ms, seq)) FILTER (type = 'campaign_created'), '') AS module,
    coalesce(arg_min(starts_on, (ms, seq)) FILTER (type = 'campaign_created'), '') AS starts_on,
    coalesce(arg_min(ends_on, (ms, seq)) FILTER (type = 'campaign_created'), '') AS ends_on,
    coalesce(arg_min(timezone, (ms, seq)) FILTER (type = 'campaign_created'), '') AS timezone,
    coalesce(arg_min(simulated, (ms, seq)) FILTER (type = 'campaign_created'), false) AS simulated,
    CASE arg_max(type, (ms, seq)) FILTER (type IN ('campaign_opened', 'campaign_closed'))
        WHEN 'campaign_opened' THEN 'open'
        WHEN 'campaign_closed' THEN 'closed'
        ELSE 'scheduled'
    END AS status
FROM campaign_facts;
