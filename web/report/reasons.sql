-- Why the machine annotated, held or rejected: comments per reason, and what became of them in the end. A comment
-- with two reasons counts under both, so the column does not add up to the number of comments.
WITH reasoned AS (
    SELECT id, machine, status, unnest(list_distinct(why)) AS code
    FROM comments
    WHERE machine IN ('annotate', 'hold', 'reject')
)
SELECT
    code,
    count(*) AS comments,
    count(*) FILTER (machine = 'annotate') AS annotated,
    count(*) FILTER (machine = 'hold') AS held,
    count(*) FILTER (machine = 'reject') AS rejected,
    count(*) FILTER (status = 'shown') AS now_shown,
    count(*) FILTER (status = 'held') AS now_held,
    count(*) FILTER (status = 'rejected') AS now_rejected
FROM reasoned
GROUP BY code
ORDER BY comments DESC, code;
