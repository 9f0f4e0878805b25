-- What the machine said first, and what people made of it. A decision that was undone does not count.
--   reviewed      the machine had let it pass or rejected it, and a person decided all the same
--   overturned    of these: passed but a person rejected it, or rejected but a person let it pass
--   note_changed  let pass by both, but a person added or took away the source card
--   held_*        the machine asked for a person: what people answered, and what is still open
SELECT
    count(machine) AS judged,
    count(*) FILTER (machine = 'publish') AS machine_publish,
    count(*) FILTER (machine = 'annotate') AS machine_annotate,
    count(*) FILTER (machine = 'hold') AS machine_hold,
    count(*) FILTER (machine = 'reject') AS machine_reject,
    count(*) FILTER (person = 'publish') AS people_publish,
    count(*) FILTER (person = 'annotate') AS people_annotate,
    count(*) FILTER (person = 'reject') AS people_reject,
    count(*) FILTER (machine <> 'hold' AND person IS NOT NULL) AS reviewed,
    count(*) FILTER (
        (machine IN ('publish', 'annotate') AND person = 'reject')
        OR (machine = 'reject' AND person IN ('publish', 'annotate'))
    ) AS overturned,
    count(*) FILTER (
        machine IN ('publish', 'annotate') AND person IN ('publish', 'annotate') AND machine <> person
    ) AS note_changed,
    count(*) FILTER (machine = 'hold' AND person IN ('publish', 'annotate')) AS held_passed,
    count(*) FILTER (machine = 'hold' AND person = 'reject') AS held_rejected,
    count(*) FILTER (machine = 'hold' AND person IS NULL) AS held_open
FROM comments;
