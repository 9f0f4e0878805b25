-- What the broadcast is called and when it ran. Edits win over the creation, the latest first; a broadcast
-- opened again after a close counts as open. Times in Unix ms. `first_at`, `last_at`: the first and last thing
-- that a person did (joining, speaking, voting), which bound the timeline where nobody opened or closed.
SELECT
    coalesce(arg_max(title, (ms, seq)) FILTER (type IN ('broadcast_created', 'broadcast_edited')), '') AS title,
    coalesce(
        arg_max(campaigns, (ms, seq)) FILTER (type IN ('broadcast_created', 'broadcast_edited') AND campaigns IS NOT NULL),
        []
    ) AS campaigns,
    coalesce(bool_or(simulated) FILTER (type = 'broadcast_created'), false) AS simulated,
    CASE arg_max(type, (ms, seq)) FILTER (type IN ('broadcast_opened', 'broadcast_closed'))
        WHEN 'broadcast_opened' THEN 'open'
        WHEN 'broadcast_closed' THEN 'closed'
        ELSE 'scheduled'
    END AS status,
    min(ms) FILTER (type = 'broadcast_opened') AS opened_at,
    max(ms) FILTER (type = 'broadcast_closed') AS closed_at,
    min(ms) FILTER (type IN ('viewer_joined', 'comment_submitted', 'question_voted')) AS first_at,
    max(ms) FILTER (type IN ('viewer_joined', 'comment_submitted', 'question_voted')) AS last_at
FROM facts;
