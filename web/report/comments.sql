-- Comments (questions are comments too), once for those of people and once for simulated ones, by what became of
-- them up to the end of the log.
SELECT
    simulated,
    count(*) AS submitted,
    count(*) FILTER (status = 'shown') AS shown,
    count(*) FILTER (status = 'held') AS held,
    count(*) FILTER (status = 'rejected') AS rejected,
    count(*) FILTER (status = 'waiting') AS waiting
FROM comments
GROUP BY simulated;
