-- Comments submitted per bin, whatever became of them; a bin is $width ms long and the first begins at $origin.
-- `joined`: viewers on their first visit. Bins in which nothing happened are not here; build.py fills them in.
SELECT
    (ms - $origin) // $width AS bin,
    count(*) FILTER (type = 'comment_submitted') AS comments,
    count(*) FILTER (type = 'comment_submitted' AND simulated) AS simulated,
    count(*) FILTER (kind = 'question') AS questions,
    count(*) FILTER (type = 'viewer_joined') AS joined
FROM facts
WHERE type IN ('comment_submitted', 'viewer_joined')
GROUP BY bin
ORDER BY bin;
